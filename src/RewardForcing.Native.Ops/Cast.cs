using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Changes the element type.</summary>
public static class Cast
{
    private const string Op = "cast";

    /// <summary>Converts between float types with one rounding; returns <paramref name="x"/> itself if it has the type already.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input of any shape and float type.</param>
    /// <param name="dtype">A float type.</param>
    public static Tensor Forward(Pass pass, Tensor x, DType dtype)
    {
        if (x.DType == dtype)
        {
            return x;
        }

        Check.Weight(Op, x);
        Check.That(dtype.IsFloat(), Op, $"the result must be of a float type, got {dtype}.");
        pass.RequireNoGrad(Op, x);
        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        Tensor y = pass.New(x.Shape, dtype);
        (Elements source, Elements target) = (new(x), new(y));
        Chunks.Flat(cpu, x.Count, 1, (first, count, scratch) =>
        {
            Span<float> values = target.Target(first, count, scratch);
            source.Widen(first, values);
            target.Commit(first, values);
        });
        return y;
    }
}
