namespace RewardForcing.Native.Cuda;

/// <summary>How products are formed and summed; values are those of <c>cublasComputeType_t</c>. Sums are binary32 in all of them.</summary>
public enum BlasCompute
{
    /// <summary>Products of the elements as they are.</summary>
    Float32 = 68,

    /// <summary>binary32 elements are rounded to tf32 before they are multiplied.</summary>
    FastTf32 = 77,
}
