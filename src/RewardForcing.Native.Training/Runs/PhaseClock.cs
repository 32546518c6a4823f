using System.Diagnostics;

namespace RewardForcing.Native.Training;

/// <summary>Adds up how long the phases of a step take.</summary>
internal sealed class PhaseClock
{
    private readonly Dictionary<string, double> _seconds = new(StringComparer.Ordinal);
    private long _last = Stopwatch.GetTimestamp();

    /// <summary>Seconds of each phase so far.</summary>
    public IReadOnlyDictionary<string, double> Seconds => _seconds;

    /// <summary>Ends a phase: what has passed since the last one ended is its time.</summary>
    /// <param name="phase">Its name.</param>
    public void End(string phase)
    {
        long now = Stopwatch.GetTimestamp();
        _seconds[phase] = _seconds.GetValueOrDefault(phase) + Stopwatch.GetElapsedTime(_last, now).TotalSeconds;
        _last = now;
    }
}
