using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The sinusoidal embedding of timesteps.</summary>
public static class Sinusoid
{
    /// <summary>Computes <c>[cos(t ω_0..), sin(t ω_0..)]</c>, <c>ω_j = 10000^(-j / (dim/2))</c>, in double; cosines first.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="timesteps">Timesteps, 0 to 1000, fractions allowed.</param>
    /// <param name="dim">Width of the embedding, even (256 in Wan).</param>
    /// <param name="dtype">Type of the result.</param>
    /// <returns><c>[timesteps, dim]</c>.</returns>
    /// <remarks>Spec: models 1.4(3).</remarks>
    public static Tensor Forward(Pass pass, ReadOnlySpan<float> timesteps, int dim, DType dtype = DType.F32) => throw new NotImplementedException();
}
