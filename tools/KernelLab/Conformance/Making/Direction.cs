namespace RewardForcing.Native.KernelLab.Conformance.Making;

/// <summary>Direction of rounding: <c>.rn .rz .rm .rp</c>.</summary>
internal enum Direction
{
    /// <summary>To the nearest, ties to even.</summary>
    Nearest,

    /// <summary>Towards zero.</summary>
    Zero,

    /// <summary>Towards minus infinity.</summary>
    Down,

    /// <summary>Towards plus infinity.</summary>
    Up,
}
