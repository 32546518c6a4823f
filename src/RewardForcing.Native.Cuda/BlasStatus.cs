namespace RewardForcing.Native.Cuda;

/// <summary>What a cuBLAS call came to; names and numbers are those of <c>cublasStatus_t</c>.</summary>
public enum BlasStatus
{
    /// <summary>The call succeeded.</summary>
    Success = 0,

    /// <summary>The library was not initialised.</summary>
    NotInitialized = 1,

    /// <summary>There is not enough memory.</summary>
    AllocationFailed = 3,

    /// <summary>An argument is out of range, or arguments do not fit together.</summary>
    InvalidValue = 7,

    /// <summary>The device lacks a feature that is needed.</summary>
    ArchitectureMismatch = 8,

    /// <summary>Device memory could not be reached.</summary>
    MappingError = 11,

    /// <summary>A kernel of the library could not be run.</summary>
    ExecutionFailed = 13,

    /// <summary>The library failed inside.</summary>
    InternalError = 14,

    /// <summary>The library cannot do this product; another layout, type or alignment is needed.</summary>
    NotSupported = 15,

    /// <summary>The licence was not accepted.</summary>
    LicenseError = 16,
}
