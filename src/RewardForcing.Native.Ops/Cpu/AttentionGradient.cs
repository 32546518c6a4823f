using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Gradients of attention: of queries, keys, values and, if wanted, of the relative bias.</summary>
/// <remarks>
/// Dao 2023 (FlashAttention-2), algorithm 2, transposed as <see cref="AttentionProblem"/> is: with the weights <c>P = exp(S - max) / sum</c> made again block by
/// block, <c>dV = Pᵀ dO</c>, <c>dS = P (dO Vᵀ - rowsum(P dO Vᵀ))</c>, <c>dQ = dS K</c>, <c>dK = dSᵀ Q</c>. A head is one item, so nothing is added up by
/// two threads.
/// </remarks>
/// <param name="problem">The forward problem.</param>
/// <param name="outputGrad">Gradient of the result.</param>
/// <param name="statistics">What the forward pass kept, <c>[2, B, N, L]</c>.</param>
internal sealed unsafe class AttentionGradient(AttentionProblem problem, Tensor outputGrad, Tensor statistics) : ITileWork
{
    /// <summary>The forward problem.</summary>
    public AttentionProblem Problem { get; } = problem;

    /// <summary>Gradient of the result.</summary>
    public nint OutputGrad { get; } = outputGrad.Address;

    /// <summary>Largest scores and inverse sums, <c>[2, B, N, L]</c>.</summary>
    public float* Statistics { get; } = (float*)statistics.Address;

    /// <summary>Gradient of the queries.</summary>
    public required Elements Dq { get; init; }

    /// <summary>Gradient of the keys.</summary>
    public required Elements Dk { get; init; }

    /// <summary>Gradient of the values.</summary>
    public required Elements Dv { get; init; }

    /// <summary>Gradient of the bias for each entry of the batch, <c>[B, N, L + S - 1]</c>, all zeros; null if none is wanted.</summary>
    public float* Dbias { get; init; }

    /// <summary>Computes all of them.</summary>
    public void Run(SimdPath path) => SimdPaths.Run(path, this);

    /// <inheritdoc/>
    public void Run<TSimd, TVector, TTile>()
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
        where TTile : struct, ITile
    {
        Problem.Cpu.Workers.For(checked(Problem.Batch * Problem.Heads), item =>
        {
            using var work = new AttentionGradientHead<TSimd, TVector, TTile>(this, item / Problem.Heads, item % Problem.Heads);
            work.Compute();
        });
    }
}
