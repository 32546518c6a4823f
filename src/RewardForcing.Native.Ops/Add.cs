using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Elementwise sum.</summary>
public static class Add
{
    /// <summary>Computes <c>y = a + b</c>; <paramref name="b"/> may have fewer leading dimensions and is then repeated.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="a">First term, <c>[..., rest]</c>, F32 or BF16.</param>
    /// <param name="b">Second term, <c>[rest]</c> or the shape of <paramref name="a"/>; any float type.</param>
    /// <returns>Shape and type of <paramref name="a"/>.</returns>
    /// <exception cref="ArgumentException">The shape of <paramref name="b"/> is no tail of that of <paramref name="a"/>.</exception>
    public static Tensor Forward(Pass pass, Tensor a, Tensor b) => throw new NotImplementedException();
}
