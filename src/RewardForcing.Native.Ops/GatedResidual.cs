using System.Numerics;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Adds a branch to the residual stream, scaled per latent frame.</summary>
public static class GatedResidual
{
    private const string Op = "gated_residual";

    /// <summary>Computes <c>y = x + gate * branch</c>; in BF16 product and sum are each rounded.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Residual stream, <c>[B, L, C]</c>, F32 or BF16.</param>
    /// <param name="branch">Output of attention or MLP, same shape as <paramref name="x"/>.</param>
    /// <param name="gate">One row per latent frame, <c>[B, F, C]</c>; L is a multiple of F.</param>
    /// <returns>A new tensor of the shape of <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    /// <remarks>Wan 2.1 block, adaLN-zero gate (Peebles and Xie 2023, sec. 3.2).</remarks>
    public static Tensor Forward(Pass pass, Tensor x, Tensor branch, Tensor gate)
    {
        Check.Activation(Op, x);
        Check.Shape(Op, branch, x.Shape, "as x");
        Check.SameType(Op, branch, x);
        Check.FrameRows(Op, x, gate);
        Tensor y = pass.New(x.Shape, x.DType);
        pass.Record(y, [x, branch, gate], [branch, gate], (back, dy) => Backward(back, dy, branch, gate));
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(cuda, x, branch, gate, y);
            return y;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        if (x.DType == DType.BF16)
        {
            ForwardCpu<RoundToBFloat16>(cpu, x, branch, gate, y);
        }
        else
        {
            ForwardCpu<KeepFloat>(cpu, x, branch, gate, y);
        }

        return y;
    }

    private static void ForwardCpu<TRounding>(CpuDevice cpu, Tensor x, Tensor branch, Tensor gate, Tensor y)
        where TRounding : struct, IRounding
    {
        (int channels, long rows) = (x.Shape[2], x.Shape.Rows);
        long frames = gate.Shape.Rows;
        long tokensPerFrame = frames == 0 ? 1 : rows / frames;
        (Elements stream, Elements added, Elements gates, Elements target) = (new(x), new(branch), new(gate), new(y));
        Chunks.Rows(cpu, rows, channels, 4 * channels, (first, count, scratch) =>
        {
            for (long row = first; row < first + count; row++)
            {
                ReadOnlySpan<float> residual = stream.Read(row * channels, channels, scratch);
                ReadOnlySpan<float> values = added.Read(row * channels, channels, scratch[channels..]);
                ReadOnlySpan<float> factors = gates.Read(row / tokensPerFrame * channels, channels, scratch[(2 * channels)..]);
                Span<float> result = target.Target(row * channels, channels, scratch[(3 * channels)..]);
                for (int i = 0; i < channels; i += Lanes.Width)
                {
                    Vector<float> product = TRounding.Apply(Lanes.Load(values, i) * Lanes.Load(factors, i));
                    Lanes.Store(Lanes.Load(residual, i) + product, result, i);
                }

                target.Commit(row * channels, result);
            }
        });
    }

    private static Tensor?[] Backward(Pass pass, Tensor dy, Tensor branch, Tensor gate)
    {
        (Tensor? dbranch, Tensor? dgate) = (Gradients.New(pass, branch), Gradients.New(pass, gate));
        if (pass.Device is CudaDevice cuda)
        {
            dbranch = Gradients.Like(pass, branch);
            BackwardCuda(pass, cuda, dy, branch, gate, dbranch, dgate);
            return [dy, dbranch, dgate];
        }

        int channels = dy.Shape[2];
        long frames = gate.Shape.Rows, tokens = frames == 0 ? 0 : dy.Shape.Rows / frames;
        (Elements grads, Elements added, Elements gates) = (new(dy), new(branch), new(gate));
        Elements? target = dbranch is null ? null : new Elements(dbranch);
        ColumnSums.Run(Check.Cpu(Op, pass.Device), frames, tokens, channels, 4 * channels, (first, count, scratch, sums) =>
        {
            ReadOnlySpan<float> factors = count == 0 ? [] : gates.Read(first / tokens * channels, channels, scratch);
            for (long row = first; row < first + count; row++)
            {
                ReadOnlySpan<float> g = grads.Read(row * channels, channels, scratch[channels..]);
                Lanes.AddProduct(sums, g, added.Read(row * channels, channels, scratch[(2 * channels)..]));
                if (target is { } place)
                {
                    Span<float> result = place.Target(row * channels, channels, scratch[(3 * channels)..]);
                    for (int i = 0; i < channels; i += Lanes.Width)
                    {
                        Lanes.Store(Lanes.Load(g, i) * Lanes.Load(factors, i), result, i);
                    }

                    place.Commit(row * channels, result);
                }
            }
        }, dgate);
        return [dy, dbranch, dgate];
    }

    private static void BackwardCuda(Pass pass, CudaDevice cuda, Tensor dy, Tensor branch, Tensor gate, Tensor? dbranch, Tensor? dgate)
    {
        if (dy.Count == 0)
        {
            dgate?.Clear();
            return;
        }

        (int channels, long frames) = (dy.Shape[2], gate.Shape.Rows);
        long tokens = dy.Shape.Rows / frames;
        ColumnSums.Run(pass, frames, tokens, channels, KernelPlan.Width(channels, dbranch, dy, branch, gate), dgate, (partial, each) => new KernelCall(cuda, "gated_residual")
            .Define("RF_T", dy.DType).Define("RF_W", gate.DType)
            .Pointer(dbranch).Pointer(partial).Pointer(dy).Pointer(branch).Pointer(gate).Long(tokens).Long(each).Int(channels), "gated_residual_backward", cuda);
    }

    internal static void ForwardCuda(CudaDevice cuda, Tensor x, Tensor branch, Tensor gate, Tensor y)
    {
        (int channels, long rows) = (x.Shape[2], x.Shape.Rows);
        if (rows > 0)
        {
            new KernelCall(cuda, "gated_residual").Define("RF_T", x.DType).Define("RF_W", gate.DType)
                .Pointer(y).Pointer(x).Pointer(branch).Pointer(gate).Long(rows).Int(channels, (int)(rows / gate.Shape.Rows))
                .RunColumns("gated_residual_forward", rows, channels, KernelPlan.Width(channels, y, x, branch, gate));
        }
    }
}
