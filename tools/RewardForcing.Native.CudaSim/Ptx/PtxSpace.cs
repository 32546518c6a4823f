namespace RewardForcing.Native.CudaSim.Ptx;

/// <summary>State space of a variable or an access.</summary>
public enum PtxSpace
{
    /// <summary>Any of the others, told by the address.</summary>
    Generic,

    /// <summary>Memory of the device.</summary>
    Global,

    /// <summary>Memory of a block, or of the cluster's blocks.</summary>
    Shared,

    /// <summary>Memory of a thread.</summary>
    Local,

    /// <summary>Arguments of the kernel.</summary>
    Parameter,

    /// <summary>Read-only variables of the module.</summary>
    Constant,
}
