using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The sinusoidal embedding of timesteps.</summary>
public static class Sinusoid
{
    private const string Op = "sinusoid";

    /// <summary>Computes <c>[cos(t ω_0..), sin(t ω_0..)]</c>, <c>ω_j = 10000^(-j / (dim/2))</c>, in double; cosines first.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="timesteps">Timesteps, 0 to 1000, fractions allowed.</param>
    /// <param name="dim">Width of the embedding, even (256 in Wan).</param>
    /// <param name="dtype">Type of the result.</param>
    /// <returns><c>[timesteps, dim]</c>.</returns>
    /// <remarks>Spec: models 1.4(3).</remarks>
    public static Tensor Forward(Pass pass, ReadOnlySpan<float> timesteps, int dim, DType dtype = DType.F32)
    {
        Check.That(dim > 0 && dim % 2 == 0, Op, $"dim must be even and positive, got {dim}.");
        Check.That(dtype is DType.F32 or DType.BF16, Op, $"the result must be F32 or BF16, got {dtype}.");
        Tensor y = pass.New(new Shape(timesteps.Length, dim), dtype);
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(pass, cuda, timesteps, y);
            return y;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        float[] times = timesteps.ToArray();
        Elements target = new(y);
        int half = dim / 2;
        Chunks.Rows(cpu, times.Length, dim, dim, (first, count, scratch) =>
        {
            for (long row = first; row < first + count; row++)
            {
                Span<float> result = target.Target(row * dim, dim, scratch);
                for (int j = 0; j < half; j++)
                {
                    (double sin, double cos) = Math.SinCos(times[row] * Math.Pow(10000, -(double)j / half));
                    (result[j], result[half + j]) = ((float)cos, (float)sin);
                }

                target.Commit(row * dim, result);
            }
        });
        return y;
    }

    private static void ForwardCuda(Pass pass, CudaDevice cuda, ReadOnlySpan<float> timesteps, Tensor y)
    {
        if (timesteps.IsEmpty)
        {
            return;
        }

        using Scope scope = pass.BeginScope();
        int half = y.Shape[1] / 2;
        new KernelCall(cuda, "sinusoid").Define("RF_T", y.DType).Pointer(y).Pointer(pass.From(new Shape(timesteps.Length), timesteps)).Long(timesteps.Length).Int(half)
            .Run("sinusoid_forward", KernelPlan.Blocks((long)timesteps.Length * half, KernelPlan.Threads), KernelPlan.Threads);
    }
}
