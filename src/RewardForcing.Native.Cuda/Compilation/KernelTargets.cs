namespace RewardForcing.Native.Cuda.Compilation;

/// <summary>Which architecture kernels are compiled for.</summary>
public static class KernelTargets
{
    // The newest architecture every NVRTC 12 knows. Later devices take its PTX and translate it themselves.
    private const int NewestKnown = 90;
    private const int Oldest = 80;

    /// <summary>Whether the kernels can be compiled for an architecture.</summary>
    /// <param name="architecture">Compute capability, 10 * major + minor.</param>
    public static bool Serves(int architecture) => architecture >= Oldest;

    /// <summary>The target for a device.</summary>
    /// <param name="architecture">Compute capability, 10 * major + minor.</param>
    public static string For(int architecture) => architecture switch
    {
        NewestKnown => "sm_90a",
        > NewestKnown => "compute_90",
        _ => $"sm_{architecture}",
    };
}
