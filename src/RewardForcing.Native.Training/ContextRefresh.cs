namespace RewardForcing.Native.Training;

/// <summary>What goes into the caches when a block is done; key <c>context_refresh</c>.</summary>
public enum ContextRefresh
{
    /// <summary>The clean latents, as in inference.</summary>
    Clean,

    /// <summary>Latents with the least noise of the schedule, since the reference looks up timestep 0 and finds noise level 0.005.</summary>
    Reference,
}
