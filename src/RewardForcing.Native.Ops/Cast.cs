using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Changes the element type.</summary>
public static class Cast
{
    /// <summary>Converts between float types with one rounding; returns <paramref name="x"/> itself if it has the type already.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input of any shape and float type.</param>
    /// <param name="dtype">A float type.</param>
    public static Tensor Forward(Pass pass, Tensor x, DType dtype) => throw new NotImplementedException();
}
