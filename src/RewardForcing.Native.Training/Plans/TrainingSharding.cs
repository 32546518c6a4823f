namespace RewardForcing.Native.Training;

/// <summary>What of the state of training is divided among GPUs.</summary>
/// <remarks>Rajbhandari et al. 2020 (ZeRO). Spec: training 7.2 and 7.3.</remarks>
public enum TrainingSharding
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Master weights, moments, gradients, averages, and the frozen networks' weights; working copies of what is trained lie on every GPU.</summary>
    Optimizer,

    /// <summary>Everything, as the reference does: weights are gathered for each pass, and lie on no GPU whole between two.</summary>
    Everything,
}
