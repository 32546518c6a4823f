namespace RewardForcing.Native.Cuda;

/// <summary>Matrix products of a library, with the meaning of cuBLASLt: the second seam beside <see cref="CudaDriver"/>.</summary>
/// <remarks>
/// Column-major as the library is. Statuses are returned, nothing is thrown. Not safe from several threads at once. A product is
/// asynchronous work of its stream, may be captured, allocates nothing, and needs the owning context to be current.
/// </remarks>
public abstract class CudaBlas : IDisposable
{
    /// <summary>Name and version for reports, and part of the key under which measured choices are kept, such as <c>cuBLASLt 12.4.5</c>.</summary>
    public abstract string Version { get; }

    /// <summary>Proposes algorithms, most promising first (<c>cublasLtMatmulAlgoGetHeuristic</c>). Touches no device memory.</summary>
    /// <param name="product">Layouts, epilogue and types.</param>
    /// <param name="alignment">What the addresses will be multiples of.</param>
    /// <param name="workspaceBytes">Scratch memory there will be.</param>
    /// <param name="algorithms">Filled from its start.</param>
    /// <param name="count">Number proposed.</param>
    /// <returns>
    /// <see cref="BlasStatus.NotSupported"/> with no proposal if there is none; <see cref="BlasStatus.InvalidValue"/> if the extents do not fit together.
    /// </returns>
    public abstract BlasStatus Propose(in BlasProduct product, in BlasAlignment alignment, ulong workspaceBytes, Span<BlasAlgorithm> algorithms, out int count);

    /// <summary>Multiplies (<c>cublasLtMatmul</c>).</summary>
    /// <param name="product">As proposed for.</param>
    /// <param name="algorithm">A proposal for this product.</param>
    /// <param name="operands">Addresses; at least as aligned as was said to <see cref="Propose"/>.</param>
    /// <param name="stream">Where it runs.</param>
    public abstract BlasStatus Multiply(in BlasProduct product, in BlasAlgorithm algorithm, in BlasOperands operands, nint stream);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases handles of the library.</summary>
    protected abstract void Dispose(bool disposing);
}
