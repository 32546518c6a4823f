namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Which neighbour a value that cannot be represented becomes.</summary>
internal enum Rounding
{
    /// <summary>The nearest; of two, the even one.</summary>
    NearestEven,

    /// <summary>The nearest; of two, the one away from zero.</summary>
    NearestAway,

    /// <summary>The one towards zero.</summary>
    Zero,

    /// <summary>The one below.</summary>
    Down,

    /// <summary>The one above.</summary>
    Up,
}
