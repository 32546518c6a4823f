namespace RewardForcing.Native.Generation;

/// <summary>Samples of one prompt that are made together.</summary>
/// <param name="Line">The prompt.</param>
/// <param name="FirstSample">Number of the first sample.</param>
/// <param name="Names">Name of each sample, without folder and extension.</param>
/// <param name="Paths">The video file of each sample.</param>
/// <param name="Wanted">Whether each sample is to be written.</param>
internal sealed record VideoTask(PromptLine Line, int FirstSample, IReadOnlyList<string> Names, IReadOnlyList<string> Paths, IReadOnlyList<bool> Wanted)
{
    /// <summary>Whether anything of it is to be made.</summary>
    public bool IsWanted => Wanted.Contains(true);
}
