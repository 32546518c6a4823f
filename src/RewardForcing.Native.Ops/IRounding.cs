using System.Numerics;

namespace RewardForcing.Native.Ops;

/// <summary>What happens to a value after each primitive of an op: nothing in F32, one rounding in BF16. A type argument, so loops are compiled for each.</summary>
internal interface IRounding
{
    /// <summary>Rounds every lane.</summary>
    static abstract Vector<float> Apply(Vector<float> value);
}

/// <summary>F32: values stay as they are.</summary>
internal readonly struct KeepFloat : IRounding
{
    public static Vector<float> Apply(Vector<float> value) => value;
}

/// <summary>BF16: to nearest, ties to even.</summary>
internal readonly struct RoundToBFloat16 : IRounding
{
    public static Vector<float> Apply(Vector<float> value) => Rounding.Nearest(value);
}
