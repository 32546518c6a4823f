namespace RewardForcing.Native.Cuda;

/// <summary>A library of NVIDIA's that is looked for at run time.</summary>
public enum CudaLibrary
{
    /// <summary>The driver, installed with the GPU.</summary>
    Driver,

    /// <summary>The compiler of kernels.</summary>
    Nvrtc,

    /// <summary>Matrix products, older interface.</summary>
    Cublas,

    /// <summary>Matrix products, newer interface.</summary>
    CublasLt,
}
