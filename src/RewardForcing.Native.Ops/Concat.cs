using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Joins tensors.</summary>
public static class Concat
{
    /// <summary>Joins along one dimension.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="dimension">The dimension that grows.</param>
    /// <param name="parts">At least one tensor; all of one type and, but for <paramref name="dimension"/>, of one shape.</param>
    /// <exception cref="ArgumentException">The parts do not fit together.</exception>
    public static Tensor Forward(Pass pass, int dimension, params ReadOnlySpan<Tensor> parts) => throw new NotImplementedException();
}
