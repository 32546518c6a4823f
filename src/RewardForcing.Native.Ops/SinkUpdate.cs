using System.Numerics;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The exponential moving average of an attention sink.</summary>
public static class SinkUpdate
{
    private const string Op = "sink_update";

    /// <summary>Computes <c>sink ← alpha · sink + (1 - alpha) · evicted</c> in place. With BF16 tensors both products and the sum are rounded, which nearly freezes the sink, as the reference does.</summary>
    /// <param name="sink">Keys or values of the sink, changed in place; F32 or BF16.</param>
    /// <param name="evicted">Keys or values that leave the window, same shape; F32 or BF16.</param>
    /// <param name="alpha">Share that is kept, 0 to 1; 0.999 in Reward Forcing.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    /// <remarks>Reward Forcing (arXiv 2512.04678), EMA-Sink. Spec: models 2.4, 2.5.</remarks>
    public static void Update(Tensor sink, Tensor evicted, double alpha)
    {
        Check.Activation(Op, sink);
        Check.Activation(Op, evicted);
        Check.Shape(Op, evicted, sink.Shape, "as sink");
        Check.That(alpha is >= 0 and <= 1, Op, $"alpha must be from 0 to 1, got {alpha}.");
        if (sink.Device is CudaDevice cuda)
        {
            UpdateCuda(cuda, sink, evicted, alpha);
            return;
        }

        CpuDevice cpu = Check.Cpu(Op, sink.Device);
        if (sink.DType == DType.BF16)
        {
            UpdateCpu<RoundToBFloat16>(cpu, sink, evicted, alpha);
        }
        else
        {
            UpdateCpu<KeepFloat>(cpu, sink, evicted, alpha);
        }
    }

    private static void UpdateCpu<TRounding>(CpuDevice cpu, Tensor sink, Tensor evicted, double alpha)
        where TRounding : struct, IRounding
    {
        (Elements kept, Elements leaving) = (new(sink), new(evicted));
        (float keep, float add) = ((float)alpha, (float)(1 - alpha));
        Chunks.Flat(cpu, sink.Count, 3, (first, count, scratch) =>
        {
            ReadOnlySpan<float> old = kept.Read(first, count, scratch);
            ReadOnlySpan<float> values = leaving.Read(first, count, scratch[Chunks.Block..]);
            Span<float> result = kept.Target(first, count, scratch[(2 * Chunks.Block)..]);
            for (int i = 0; i < count; i += Lanes.Width)
            {
                Vector<float> t1 = TRounding.Apply(Lanes.Load(old, i) * new Vector<float>(keep));
                Vector<float> t2 = TRounding.Apply(Lanes.Load(values, i) * new Vector<float>(add));
                Lanes.Store(t1 + t2, result, i);
            }

            kept.Commit(first, result);
        });
    }

    private static void UpdateCuda(CudaDevice cuda, Tensor sink, Tensor evicted, double alpha) =>
        new KernelCall(cuda, "sink_update").Define("RF_T", sink.DType).Define("RF_W", evicted.DType)
            .Pointer(sink).Pointer(evicted).Long(sink.Count).Float((float)alpha).Float((float)(1 - alpha))
            .RunFlat("sink_update_forward", sink.Count, KernelPlan.Width(sink.Count, sink, evicted));
}
