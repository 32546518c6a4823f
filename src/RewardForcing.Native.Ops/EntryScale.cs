using System.Numerics;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Scales each entry of the first dimension by a number of its own: the derivative of ops with one noise level per entry.</summary>
internal static class EntryScale
{
    /// <summary>Computes <c>y[r, ...] = factor[r] * x[r, ...]</c>, one rounding.</summary>
    /// <param name="op">Name of the op whose derivative this is.</param>
    /// <param name="pass">Where to run.</param>
    /// <param name="x">Input, <c>[R, ...]</c>, F32 or BF16.</param>
    /// <param name="factors">R factors.</param>
    /// <param name="dtype">Type of the result.</param>
    public static Tensor Forward(string op, Pass pass, Tensor x, float[] factors, DType dtype)
    {
        Tensor y = pass.New(x.Shape, dtype);
        if (pass.Device is CudaDevice cuda)
        {
            new KernelCall(cuda, "entry_scale").Define("RF_T", dtype).Define("RF_W", x.DType).RunEntries(pass, "entry_scale_backward", factors, y, x);
            return y;
        }

        long entry = factors.Length == 0 ? 1 : Math.Max(1, x.Count / factors.Length);
        (Elements source, Elements target) = (new(x), new(y));
        Chunks.Flat(Check.Cpu(op, pass.Device), x.Count, 2, (first, count, scratch) =>
        {
            ReadOnlySpan<float> values = source.Read(first, count, scratch);
            Span<float> result = target.Target(first, count, scratch[Chunks.Block..]);
            for (int at = 0; at < count;)
            {
                (long row, long inside) = Math.DivRem(first + at, entry);
                int length = (int)Math.Min(entry - inside, count - at);
                Vector<float> factor = new(factors[row]);
                ReadOnlySpan<float> piece = values.Slice(at, length);
                Span<float> place = result.Slice(at, length);
                for (int i = 0; i < length; i += Lanes.Width)
                {
                    Lanes.Store(Lanes.Load(piece, i) * factor, place, i);
                }

                at += length;
            }

            target.Commit(first, result);
        });
        return y;
    }
}
