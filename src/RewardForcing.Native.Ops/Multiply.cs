using System.Numerics;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Elementwise product.</summary>
public static class Multiply
{
    private const string Op = "multiply";

    /// <summary>Computes <c>y = a * b</c>; <paramref name="b"/> may have fewer leading dimensions and is then repeated.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="a">First factor, <c>[..., rest]</c>, F32 or BF16.</param>
    /// <param name="b">Second factor, <c>[rest]</c> or the shape of <paramref name="a"/>; any float type.</param>
    /// <returns>Shape and type of <paramref name="a"/>.</returns>
    /// <exception cref="ArgumentException">The shape of <paramref name="b"/> is no tail of that of <paramref name="a"/>.</exception>
    public static Tensor Forward(Pass pass, Tensor a, Tensor b)
    {
        Check.Activation(Op, a);
        Check.Weight(Op, b);
        Check.Tail(Op, b, a);
        Tensor y = pass.New(a.Shape, a.DType);
        pass.Record(y, [a, b], [a, b], (back, dy) => Backward(back, dy, a, b));
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(cuda, a, b, y);
            return y;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        (Elements left, RepeatedElements right, Elements target) = (new(a), new(b), new(y));
        Chunks.Flat(cpu, a.Count, 3, (first, count, scratch) =>
        {
            ReadOnlySpan<float> u = left.Read(first, count, scratch);
            ReadOnlySpan<float> v = right.Read(first, count, scratch[Chunks.Block..]);
            Span<float> result = target.Target(first, count, scratch[(2 * Chunks.Block)..]);
            for (int i = 0; i < count; i += Lanes.Width)
            {
                Lanes.Store(Lanes.Load(u, i) * Lanes.Load(v, i), result, i);
            }

            target.Commit(first, result);
        });
        return y;
    }

    private static Tensor?[] Backward(Pass pass, Tensor dy, Tensor a, Tensor b)
    {
        Tensor? da = a.NeedsGrad ? Forward(pass, dy, b) : null;
        Tensor? db = Gradients.New(pass, b);
        if (db is not null && pass.Device is CudaDevice cuda)
        {
            ColumnSums.OfRows(pass, cuda, 1, dy, a, db);
        }
        else if (db is not null && b.Count > 0)
        {
            CpuDevice cpu = Check.Cpu(Op, pass.Device);
            int period = checked((int)b.Count);
            (Elements grads, Elements left) = (new(dy), new(a));
            ColumnSums.Run(cpu, 1, dy.Count / period, period, 2 * period, (first, count, scratch, sums) =>
            {
                for (long row = first; row < first + count; row++)
                {
                    Lanes.AddProduct(sums, grads.Read(row * period, period, scratch), left.Read(row * period, period, scratch[period..]));
                }
            }, db);
        }

        return [da, db];
    }

    private static void ForwardCuda(CudaDevice cuda, Tensor a, Tensor b, Tensor y) =>
        new KernelCall(cuda, "multiply").Define("RF_T", a.DType).Define("RF_W", b.DType).Pointer(y).Pointer(a).Pointer(b).Long(a.Count).Long(b.Count)
            .RunFlat("multiply_forward", a.Count, KernelPlan.Width(b.Count, y, a, b));
}
