using System.Numerics;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Elementwise sum.</summary>
public static class Add
{
    private const string Op = "add";

    /// <summary>Computes <c>y = a + b</c>; <paramref name="b"/> may have fewer leading dimensions and is then repeated.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="a">First term, <c>[..., rest]</c>, F32 or BF16.</param>
    /// <param name="b">Second term, <c>[rest]</c> or the shape of <paramref name="a"/>; any float type.</param>
    /// <returns>Shape and type of <paramref name="a"/>.</returns>
    /// <exception cref="ArgumentException">The shape of <paramref name="b"/> is no tail of that of <paramref name="a"/>.</exception>
    public static Tensor Forward(Pass pass, Tensor a, Tensor b)
    {
        Check.Activation(Op, a);
        Check.Weight(Op, b);
        Check.Tail(Op, b, a);
        Tensor y = pass.New(a.Shape, a.DType);
        pass.Record(y, [a, b], [b], (back, dy) => Backward(back, dy, b));
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
                Lanes.Store(Lanes.Load(u, i) + Lanes.Load(v, i), result, i);
            }

            target.Commit(first, result);
        });
        return y;
    }

    // What is repeated gets the sum over its repetitions.
    private static Tensor?[] Backward(Pass pass, Tensor dy, Tensor b)
    {
        if (b.Count == dy.Count)
        {
            return [dy, b.NeedsGrad ? pass.Reshape(Cast.Forward(pass, dy, Gradients.TypeOf(b)), b.Shape) : null];
        }

        Tensor? db = Gradients.New(pass, b);
        if (db is not null)
        {
            Gradients.SumRows(pass, Op, dy, db);
        }

        return [dy, db];
    }

    private static void ForwardCuda(CudaDevice cuda, Tensor a, Tensor b, Tensor y) =>
        new KernelCall(cuda, "add").Define("RF_T", a.DType).Define("RF_W", b.DType).Pointer(y).Pointer(a).Pointer(b).Long(a.Count).Long(b.Count)
            .RunFlat("add_forward", a.Count, KernelPlan.Width(b.Count, y, a, b));
}
