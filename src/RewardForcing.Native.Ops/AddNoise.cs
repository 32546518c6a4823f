using System.Numerics;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The forward process of flow matching.</summary>
public static class AddNoise
{
    private const string Op = "add_noise";

    /// <summary>Computes <c>x_σ = (1 - σ) x0 + σ ε</c> in float with one sigma per entry of the first dimension; rounded once to the type of <paramref name="noise"/>.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x0">Clean latents, <c>[R, ...]</c>, F32 or BF16.</param>
    /// <param name="noise">Standard normal, same shape.</param>
    /// <param name="sigmas">R noise levels, 0 to 1.</param>
    /// <exception cref="ArgumentException">The shapes or counts do not fit together.</exception>
    /// <remarks>Spec: models 4.1.</remarks>
    public static Tensor Forward(Pass pass, Tensor x0, Tensor noise, ReadOnlySpan<float> sigmas)
    {
        Check.RankAtLeast(Op, noise, 1, "[R, ...]");
        Check.Activation(Op, x0);
        Check.Activation(Op, noise);
        Check.Shape(Op, x0, noise.Shape, "as noise");
        Check.That(sigmas.Length == noise.Shape[0], Op, $"there must be {noise.Shape[0]} sigmas, one for each entry of noise {noise.Shape}, got {sigmas.Length}.");
        Tensor y = pass.New(noise.Shape, noise.DType);
        Record(pass, y, x0, noise, sigmas);
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(pass, cuda, x0, noise, sigmas, y);
            return y;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        float[] levels = sigmas.ToArray();
        long entry = levels.Length == 0 ? 1 : Math.Max(1, noise.Count / levels.Length);
        (Elements clean, Elements normal, Elements target) = (new(x0), new(noise), new(y));
        Chunks.Flat(cpu, noise.Count, 3, (first, count, scratch) =>
        {
            ReadOnlySpan<float> x = clean.Read(first, count, scratch);
            ReadOnlySpan<float> e = normal.Read(first, count, scratch[Chunks.Block..]);
            Span<float> result = target.Target(first, count, scratch[(2 * Chunks.Block)..]);
            int at = 0;
            while (at < count)
            {
                (long row, long inside) = Math.DivRem(first + at, entry);
                int length = (int)Math.Min(entry - inside, count - at);
                Mix(x.Slice(at, length), e.Slice(at, length), result.Slice(at, length), levels[row]);
                at += length;
            }

            target.Commit(first, result);
        });
        return y;
    }

    private static void Record(Pass pass, Tensor y, Tensor x0, Tensor noise, ReadOnlySpan<float> sigmas)
    {
        if (pass.Records(x0, noise))
        {
            float[] add = sigmas.ToArray(), keep = Array.ConvertAll(add, static sigma => 1 - sigma);
            pass.Record(y, [x0, noise], [], (back, dy) =>
            [
                x0.NeedsGrad ? EntryScale.Forward(Op, back, dy, keep, Gradients.TypeOf(x0)) : null,
                noise.NeedsGrad ? EntryScale.Forward(Op, back, dy, add, Gradients.TypeOf(noise)) : null,
            ]);
        }
    }

    // Each product and the sum is rounded to float, as the reference does.
    private static void Mix(ReadOnlySpan<float> x0, ReadOnlySpan<float> noise, Span<float> y, float sigma)
    {
        (Vector<float> keep, Vector<float> add) = (new(1 - sigma), new(sigma));
        for (int i = 0; i < y.Length; i += Lanes.Width)
        {
            Lanes.Store((keep * Lanes.Load(x0, i)) + (add * Lanes.Load(noise, i)), y, i);
        }
    }

    private static void ForwardCuda(Pass pass, CudaDevice cuda, Tensor x0, Tensor noise, ReadOnlySpan<float> sigmas, Tensor y) =>
        new KernelCall(cuda, "add_noise").Define("RF_T", noise.DType).Define("RF_W", x0.DType).RunEntries(pass, "add_noise_forward", sigmas, y, x0, noise);
}
