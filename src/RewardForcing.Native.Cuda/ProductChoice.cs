namespace RewardForcing.Native.Cuda;

/// <summary>Who multiplies matrices on a device.</summary>
public enum ProductChoice
{
    /// <summary>Whoever is faster for the shape at hand, measured once on the device and kept.</summary>
    Measured,

    /// <summary>The library wherever it can, without measuring.</summary>
    Library,

    /// <summary>Our kernels, always.</summary>
    OwnKernels,
}
