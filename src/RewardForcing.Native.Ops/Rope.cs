using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Rotary position embedding over time, height and width.</summary>
public static class Rope
{
    /// <summary>Rotates channel pairs (2i, 2i+1) by position times frequency; computed in double, rounded once to the type of <paramref name="x"/>.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Queries or keys, <c>[B, L, N, D]</c>, D even, F32 or BF16.</param>
    /// <param name="grid">Positions; tokens past <c>grid.Tokens</c> are copied unrotated.</param>
    /// <returns>Same shape and type as <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException">There are fewer tokens than the grid has positions, or D is odd.</exception>
    /// <remarks>
    /// Height and width take 2·⌊D/6⌋ channels each, time the rest; theta 10000, each axis with its own width in the exponent. Any
    /// temporal position works: there is no table of 1024 rows. Spec: models 1.4(8).
    /// </remarks>
    public static Tensor Forward(Pass pass, Tensor x, RopeGrid grid) => throw new NotImplementedException();
}
