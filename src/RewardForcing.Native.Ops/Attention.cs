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
    /// multiply values; their sum is not. Kernels: <c>kernels/attention.cu</c>, <c>kernels/attention_sm90.cu</c>, <c>kernels/attention_gradient.cu</c>.
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

        Tensor y = pass.New(q.Shape, q.DType);
        bool isRecorded = pass.Records(q, k, v, relativeBias);
        if (pass.Device is CudaDevice cuda)
        {
            Tensor? logSum = isRecorded ? pass.New(new Shape(q.Shape[0], q.Shape[2], q.Shape[1])) : null;
            pass.Record(
                y, [q, k, v, relativeBias], [q, k, v, relativeBias, y, logSum], (back, dy) => BackwardCuda(back, cuda, dy, q, k, v, scale, mask, relativeBias, y, logSum!));
            ForwardCuda(pass, cuda, q, k, v, scale, mask, relativeBias, y, logSum);
            return y;
        }

        Tensor? statistics = isRecorded ? pass.New(new Shape(2, q.Shape[0], q.Shape[2], q.Shape[1])) : null;
        pass.Record(y, [q, k, v, relativeBias], [q, k, v, relativeBias, statistics], (back, dy) => Backward(back, dy, q, k, v, scale, mask, relativeBias, statistics!));

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        if (y.Count > 0)
        {
            ForwardCpu(cpu, SimdPaths.Best, q, k, v, scale, mask, relativeBias, y, statistics);
        }

        return y;
    }

    internal static unsafe void ForwardCpu(
        CpuDevice cpu, SimdPath path, Tensor q, Tensor k, Tensor v, float scale, AttentionMask mask, Tensor? relativeBias, Tensor y, Tensor? statistics = null)
    {
        using ScratchMemory memory = new(cpu, AttentionProblem.BiasBytes(q, k, relativeBias));
        AttentionProblem problem = new(cpu, q, k, v, scale, mask, y) { Statistics = statistics is null ? null : (float*)statistics.Address };
        if (relativeBias is not null)
        {
            problem.UseBias(relativeBias, memory);
        }

        problem.Run(path);
    }

    private static unsafe Tensor?[] Backward(
        Pass pass, Tensor dy, Tensor q, Tensor k, Tensor v, float scale, AttentionMask mask, Tensor? relativeBias, Tensor statistics)
    {
        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        Tensor dq = pass.New(q.Shape, q.DType), dk = pass.New(k.Shape, k.DType), dv = pass.New(v.Shape, v.DType);
        if (q.Count == 0)
        {
            dk.Clear();
            dv.Clear();
        }

        (int batch, int heads, int entries) = (q.Shape[0], q.Shape[2], q.Shape[1] + k.Shape[1] - 1);
        Tensor? dbias = relativeBias is { NeedsGrad: true } ? pass.Zeros(new Shape(batch, heads, Math.Max(entries, 0))) : null;
        if (q.Count > 0)
        {
            using ScratchMemory memory = new(cpu, AttentionProblem.BiasBytes(q, k, relativeBias));
            AttentionProblem problem = new(cpu, q, k, v, scale, mask, dq);
            if (relativeBias is not null)
            {
                problem.UseBias(relativeBias, memory);
            }

            new AttentionGradient(problem, dy, statistics)
            {
                Dq = new Elements(dq),
                Dk = new Elements(dk),
                Dv = new Elements(dv),
                Dbias = dbias is null ? null : (float*)dbias.Address,
            }.Run(SimdPaths.Best);
        }

        return [dq, dk, dv, dbias is null ? null : OverBatch(pass, cpu, dbias, relativeBias!)];
    }

    // All entries of a batch share the bias.
    private static Tensor OverBatch(Pass pass, CpuDevice cpu, Tensor parts, Tensor relativeBias)
    {
        Tensor dbias = Gradients.New(pass, relativeBias)!;
        ColumnSums.OfRows(cpu, 1, parts, dbias);
        return dbias;
    }
}
