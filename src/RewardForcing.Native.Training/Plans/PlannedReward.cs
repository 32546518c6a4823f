namespace RewardForcing.Native.Training;

/// <summary>What judges clips.</summary>
public enum PlannedReward
{
    /// <summary>Nothing; clips are not decoded.</summary>
    None,

    /// <summary>Block matching on decoded pixels.</summary>
    Motion,

    /// <summary>VideoReward, a language model of 2 billion parameters that sees ten frames.</summary>
    VideoReward,
}
