using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>From the predicted flow to the predicted clean latent.</summary>
public static class FlowToX0
{
    private const string Op = "flow_to_x0";

    /// <summary>Computes <c>x0 = x_σ - σ v</c> in double with one sigma per entry of the first dimension; rounded once to the type of <paramref name="flow"/>.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="flow">Model output v, <c>[R, ...]</c>, F32 or BF16.</param>
    /// <param name="noisy">Model input x_σ, same shape.</param>
    /// <param name="sigmas">R noise levels, 0 to 1.</param>
    /// <exception cref="ArgumentException">The shapes or counts do not fit together.</exception>
    /// <remarks>Spec: models 4.1.</remarks>
    public static Tensor Forward(Pass pass, Tensor flow, Tensor noisy, ReadOnlySpan<float> sigmas)
    {
        Check.RankAtLeast(Op, flow, 1, "[R, ...]");
        Check.Activation(Op, flow);
        Check.Activation(Op, noisy);
        Check.Shape(Op, noisy, flow.Shape, "as flow");
        Check.That(sigmas.Length == flow.Shape[0], Op, $"there must be {flow.Shape[0]} sigmas, one for each entry of flow {flow.Shape}, got {sigmas.Length}.");
        Tensor y = pass.New(flow.Shape, flow.DType);
        Record(pass, y, flow, noisy, sigmas);
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(pass, cuda, flow, noisy, sigmas, y);
            return y;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        float[] levels = sigmas.ToArray();
        long entry = levels.Length == 0 ? 1 : Math.Max(1, flow.Count / levels.Length);
        (Elements velocity, Elements input, Elements target) = (new(flow), new(noisy), new(y));
        Chunks.Flat(cpu, flow.Count, 3, (first, count, scratch) =>
        {
            ReadOnlySpan<float> v = velocity.Read(first, count, scratch);
            ReadOnlySpan<float> x = input.Read(first, count, scratch[Chunks.Block..]);
            Span<float> result = target.Target(first, count, scratch[(2 * Chunks.Block)..]);
            int at = 0;
            while (at < count)
            {
                (long row, long inside) = Math.DivRem(first + at, entry);
                int end = at + (int)Math.Min(entry - inside, count - at);
                double sigma = levels[row];
                for (; at < end; at++)
                {
                    result[at] = (float)(x[at] - (sigma * v[at]));
                }
            }

            target.Commit(first, result);
        });
        return y;
    }

    private static void Record(Pass pass, Tensor y, Tensor flow, Tensor noisy, ReadOnlySpan<float> sigmas)
    {
        if (pass.Records(flow, noisy))
        {
            float[] factors = Array.ConvertAll(sigmas.ToArray(), static sigma => -sigma);
            pass.Record(y, [flow, noisy], [], (back, dy) =>
            [
                flow.NeedsGrad ? EntryScale.Forward(Op, back, dy, factors, Gradients.TypeOf(flow)) : null,
                noisy.NeedsGrad ? Cast.Forward(back, dy, Gradients.TypeOf(noisy)) : null,
            ]);
        }
    }

    private static void ForwardCuda(Pass pass, CudaDevice cuda, Tensor flow, Tensor noisy, ReadOnlySpan<float> sigmas, Tensor y) =>
        new KernelCall(cuda, "flow_to_x0").Define("RF_T", flow.DType).Define("RF_W", noisy.DType).RunEntries(pass, "flow_to_x0_forward", sigmas, y, flow, noisy);
}
