namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>A fault that ends a launch.</summary>
/// <param name="finding">What and where.</param>
/// <param name="earlier">What was found in the same launch before.</param>
public sealed class DeviceFault(Finding finding, IReadOnlyList<Finding>? earlier = null) : Exception(finding.Message)
{
    /// <summary>What and where.</summary>
    public Finding Finding => finding;

    /// <summary>What was found in the same launch before.</summary>
    public IReadOnlyList<Finding> Earlier => earlier ?? [];
}
