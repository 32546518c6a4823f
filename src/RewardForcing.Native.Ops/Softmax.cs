using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Softmax over the last dimension.</summary>
public static class Softmax
{
    /// <summary>Computes <c>y_i = exp(x_i - max x) / sum_j exp(x_j - max x)</c>.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input, <c>[..., C]</c>, F32 or BF16.</param>
    /// <returns>Same shape and type as <paramref name="x"/>.</returns>
    public static Tensor Forward(Pass pass, Tensor x) => throw new NotImplementedException();
}
