using System.Numerics;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Sums a learned table and the time embedding into shift, scale and gate rows.</summary>
public static class Modulation
{
    private const string Op = "modulation";

    /// <summary>Computes <c>m[k, b, f] = table[k] + e[b, f, k]</c>, or <c>+ e[b, f]</c> where the embedding has one row for all k.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="table">Learned rows, <c>[1, K, C]</c> as in checkpoints (K = 6 in blocks, 2 in the head); any float type.</param>
    /// <param name="e">Time embedding, <c>[B, F, K, C]</c>, or <c>[B, F, C]</c> shared by all rows; F32 or BF16.</param>
    /// <returns><c>[K, B, F, C]</c>, so that entry k is one modulation row for <see cref="ModulatedLayerNorm"/> or <see cref="GatedResidual"/>; the type of <paramref name="e"/>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    /// <remarks>Spec: models 1.4(6), 1.4(10), 2.2.</remarks>
    public static Tensor Forward(Pass pass, Tensor table, Tensor e)
    {
        Check.Rank(Op, table, 3, "[1, K, C]");
        Check.Weight(Op, table);
        Check.Activation(Op, e);
        (int rows, int channels) = (table.Shape[1], table.Shape[2]);
        Check.That(table.Shape[0] == 1, Op, $"table must be [1, K, C], got {table.Shape}.");
        bool shared = e.Shape.Rank == 3 && e.Shape[2] == channels;
        bool own = e.Shape.Rank == 4 && e.Shape[2] == rows && e.Shape[3] == channels;
        Check.That(shared || own, Op, $"e must be [B, F, {rows}, {channels}] or [B, F, {channels}] to match table {table.Shape}, got {e.Shape}.");
        Tensor m = pass.New(new Shape(rows, e.Shape[0], e.Shape[1], channels), e.DType);
        pass.Record(m, [table, e], [table, e], (back, dm) => Backward(back, dm, table, e, shared));
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(cuda, table, e, m, shared);
            return m;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        ForwardCpu(cpu, table, e, m, shared);
        return m;
    }

    private static void ForwardCpu(CpuDevice cpu, Tensor table, Tensor e, Tensor m, bool shared)
    {
        (int kinds, int channels) = (m.Shape[0], m.Shape[3]);
        long frames = (long)m.Shape[1] * m.Shape[2];
        (Elements learned, Elements embedding, Elements target) = (new(table), new(e), new(m));
        Chunks.Rows(cpu, kinds * frames, channels, 3 * channels, (first, count, scratch) =>
        {
            for (long row = first; row < first + count; row++)
            {
                (long kind, long frame) = (row / frames, row % frames);
                ReadOnlySpan<float> a = learned.Read(kind * channels, channels, scratch);
                ReadOnlySpan<float> b = embedding.Read((shared ? frame : (frame * kinds) + kind) * channels, channels, scratch[channels..]);
                Span<float> sum = target.Target(row * channels, channels, scratch[(2 * channels)..]);
                for (int i = 0; i < channels; i += Lanes.Width)
                {
                    Lanes.Store(Lanes.Load(a, i) + Lanes.Load(b, i), sum, i);
                }

                target.Commit(row * channels, sum);
            }
        });
    }

    private static Tensor?[] Backward(Pass pass, Tensor dm, Tensor table, Tensor e, bool shared)
    {
        (Tensor? dtable, Tensor? de) = (Gradients.New(pass, table), Gradients.New(pass, e));
        (int kinds, int channels) = (dm.Shape[0], dm.Shape[3]);
        long frames = (long)dm.Shape[1] * dm.Shape[2];
        if (pass.Device is CudaDevice cuda)
        {
            de = Gradients.Like(pass, e);
            BackwardCuda(pass, cuda, dm, table, shared, dtable, de);
            return [dtable, de];
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        Elements grads = new(dm);
        if (dtable is not null)
        {
            ColumnSums.OfRows(cpu, kinds, dm, dtable);
        }

        if (de is not null)
        {
            Elements target = new(de);
            int terms = shared ? kinds : 1;
            Chunks.Rows(cpu, de.Shape.Rows, (long)channels * terms, 2 * channels, (first, count, scratch) =>
            {
                for (long row = first; row < first + count; row++)
                {
                    (long frame, long kind) = shared ? (row, 0) : (row / kinds, row % kinds);
                    Span<float> sum = target.Target(row * channels, channels, scratch);
                    sum.Clear();
                    for (long term = kind; term < kind + terms; term++)
                    {
                        Lanes.Add(sum, grads.Read(((term * frames) + frame) * channels, channels, scratch[channels..]));
                    }

                    target.Commit(row * channels, sum);
                }
            });
        }

        return [dtable, de];
    }

    private static void BackwardCuda(Pass pass, CudaDevice cuda, Tensor dm, Tensor table, bool shared, Tensor? dtable, Tensor? de)
    {
        (int kinds, int channels) = (dm.Shape[0], dm.Shape[3]);
        if (dtable is not null)
        {
            ColumnSums.OfRows(pass, cuda, kinds, dm, null, dtable);
        }

        if (de is not null)
        {
            new KernelCall(cuda, "modulation").Define("RF_T", dm.DType).Define("RF_W", table.DType)
                .Pointer(de).Pointer(dm).Int(kinds).Long((long)dm.Shape[1] * dm.Shape[2]).Int(channels, shared ? 1 : 0)
                .RunColumns("modulation_backward", de.Shape.Rows, channels, KernelPlan.Width(channels, de, dm));
        }
    }

    private static void ForwardCuda(CudaDevice cuda, Tensor table, Tensor e, Tensor m, bool shared)
    {
        (int kinds, int channels) = (m.Shape[0], m.Shape[3]);
        long frames = (long)m.Shape[1] * m.Shape[2];
        new KernelCall(cuda, "modulation").Define("RF_T", e.DType).Define("RF_W", table.DType)
            .Pointer(m).Pointer(table).Pointer(e).Int(kinds).Long(frames).Int(channels, shared ? 1 : 0)
            .RunColumns("modulation_forward", kinds * frames, channels, KernelPlan.Width(channels, m, table, e));
    }
}
