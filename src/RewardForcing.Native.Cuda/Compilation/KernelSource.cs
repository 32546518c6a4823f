namespace RewardForcing.Native.Cuda.Compilation;

/// <summary>One kernel file and every header it includes, in memory.</summary>
/// <param name="Name">File name, such as <c>rms_norm.cu</c>; messages and <c>.loc</c> lines use it.</param>
/// <param name="Text">Its text.</param>
/// <param name="Headers">Text of each header, reached directly or through another, by the spelling used to include it.</param>
public sealed record KernelSource(string Name, string Text, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>File name without its ending, such as <c>rms_norm</c>.</summary>
    public string Stem => Path.GetFileNameWithoutExtension(Name);
}
