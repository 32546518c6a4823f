using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Scaled dot-product attention without a score matrix.</summary>
public static partial class Attention
{
    private const string Op = "attention";

    /// <summary>Computes <c>softmax(scale · q kᵀ + bias) v</c> per head, online, in blocks of keys; sums are float.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="q">Queries, <c>[B, L, N, D]</c>, F32 or BF16.</param>
    /// <param name="k">Keys, <c>[B, S, N, D]</c>, same type.</param>
    /// <param name="v">Values, <c>[B, S, N, D]</c>, same type.</param>
    /// <param name="scale">Factor of the scores; Wan uses <c>1/sqrt(D)</c>, umT5 uses 1.</param>
    /// <param name="mask">Which keys a query sees. A query that sees none gives zeros.</param>
    /// <param name="relativeBias">
    /// Added to the scores, <c>[N, L + S - 1]</c>: entry <c>j - i + L - 1</c> belongs to query i and key j. With BF16 input the score is
    /// rounded before and after the addition, as umT5 in bfloat16 does.
    /// </param>
    /// <returns><c>[B, L, N, D]</c> of the type of <paramref name="q"/>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    /// <remarks>
    /// Dao 2023 (FlashAttention-2), algorithm 1. On CUDA, with BF16, the weights <c>exp(score - max)</c> are rounded to BF16 before they
    /// multiply values; their sum is not. Kernels: <c>kernels/attention.cu</c>, <c>kernels/attention_sm90.cu</c>.
    /// </remarks>
    public static Tensor Forward(Pass pass, Tensor q, Tensor k, Tensor v, float scale, AttentionMask mask = default, Tensor? relativeBias = null)
    {
        Check.Rank(Op, q, 4, "[B, L, N, D]");
        Check.Activation(Op, q);
        Check.SameType(Op, k, q);
        Check.SameType(Op, v, q);
        Check.Rank(Op, k, 4, "[B, S, N, D]");
        Check.Shape(Op, k, q.Shape.With(1, k.Shape[1]), $"to match q {q.Shape}");
        Check.Shape(Op, v, k.Shape, "as k");
        if (relativeBias is not null)
        {
            Check.Weight(Op, relativeBias);
            Check.Shape(Op, relativeBias, new Shape(q.Shape[2], q.Shape[1] + k.Shape[1] - 1), "for [N, L + S - 1]");
        }

        pass.RequireNoGrad(Op, q, k, v, relativeBias);
        Tensor y = pass.New(q.Shape, q.DType);
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(pass, cuda, q, k, v, scale, mask, relativeBias, y);
            return y;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        if (y.Count > 0)
        {
            ForwardCpu(cpu, SimdPaths.Best, q, k, v, scale, mask, relativeBias, y);
        }

        return y;
    }

    internal static void ForwardCpu(CpuDevice cpu, SimdPath path, Tensor q, Tensor k, Tensor v, float scale, AttentionMask mask, Tensor? relativeBias, Tensor y)
    {
        using ScratchMemory memory = new(cpu, AttentionProblem.BiasBytes(q, k, relativeBias));
        AttentionProblem problem = new(cpu, q, k, v, scale, mask, y);
        if (relativeBias is not null)
        {
            problem.UseBias(relativeBias, memory);
        }

        problem.Run(path);
    }
}
