using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The gated unit of the umT5 feed-forward.</summary>
public static class GatedGelu
{
    /// <summary>Computes <c>y = up * gelu_tanh(gate)</c>; in BF16 every primitive of the GELU is rounded, as the reference evaluates it.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="gate">Output of <c>ffn.gate.0</c>, any shape, F32 or BF16.</param>
    /// <param name="up">Output of <c>ffn.fc1</c>, same shape and type.</param>
    /// <returns>Same shape and type.</returns>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    /// <remarks>Spec: models 7.2. Shazeer 2020, GEGLU.</remarks>
    public static Tensor Forward(Pass pass, Tensor gate, Tensor up) => throw new NotImplementedException();
}
