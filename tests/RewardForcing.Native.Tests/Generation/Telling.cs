using RewardForcing.Native.Generation;

namespace RewardForcing.Native.Tests.Generation;

/// <summary>Progress that is told on the reporting thread.</summary>
internal sealed class Telling(Action<GenerationProgress> told) : IProgress<GenerationProgress>
{
    private readonly Lock _gate = new();

    public void Report(GenerationProgress value)
    {
        lock (_gate)
        {
            told(value);
        }
    }
}
