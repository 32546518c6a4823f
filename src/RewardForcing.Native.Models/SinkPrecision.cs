namespace RewardForcing.Native.Models;

/// <summary>Arithmetic of the sink's moving average when keys and values are bfloat16.</summary>
public enum SinkPrecision
{
    /// <summary>Both products and the sum are rounded, as the reference does; the sink hardly ever moves.</summary>
    Bf16Exact,

    /// <summary>The average is kept in float beside the cache and published rounded.</summary>
    Fp32,
}
