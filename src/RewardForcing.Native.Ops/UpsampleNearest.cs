using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Nearest-neighbour doubling of height and width.</summary>
public static class UpsampleNearest
{
    /// <summary>Repeats every pixel twice in both directions.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input, <c>[..., H, W, C]</c>.</param>
    /// <returns><c>[..., 2H, 2W, C]</c>.</returns>
    public static Tensor Forward(Pass pass, Tensor x) => throw new NotImplementedException();
}
