namespace RewardForcing.Native.Generation;

/// <summary>How the videos of a run are named.</summary>
public enum NamingRule
{
    /// <summary>The prompt's number and its first words, <c>0007-a-red-panda</c>, and the sample if there are several.</summary>
    Words,

    /// <summary>The numbers of prompt and sample, <c>7-0</c>.</summary>
    Index,

    /// <summary>As VBench looks for them: the prompt itself and the sample, <c>A red panda.-0</c>.</summary>
    VBench,
}
