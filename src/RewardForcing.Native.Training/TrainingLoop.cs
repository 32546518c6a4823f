namespace RewardForcing.Native.Training;

/// <summary>Which loop makes steps of gradients; key <c>loop</c>.</summary>
public enum TrainingLoop
{
    /// <summary>A step is one move by the mean gradient of all its micro-batches.</summary>
    Intended,

    /// <summary>
    /// As the reference's code does: every micro-batch is a step; the student moves twice by one micro-batch, the critic by sums of those since the last
    /// clearing, and twice where they are cleared; gradients stay clipped in what is added to; intervals of saving grow by the accumulation.
    /// </summary>
    Reference,
}
