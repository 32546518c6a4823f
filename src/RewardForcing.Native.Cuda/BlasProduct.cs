namespace RewardForcing.Native.Cuda;

/// <summary>A matrix product <c>D = epilogue(alpha * op(A) op(B) + beta * C)</c>, without its addresses: what an algorithm is chosen for.</summary>
/// <param name="A">Left factor; <c>op(A)</c> is <c>[M, K]</c>.</param>
/// <param name="B">Right factor; <c>op(B)</c> is <c>[K, N]</c>.</param>
/// <param name="C">Added matrix, <c>[M, N]</c>; the same as <paramref name="D"/> where beta is 0.</param>
/// <param name="D">Result, <c>[M, N]</c>.</param>
public readonly record struct BlasProduct(BlasMatrix A, BlasMatrix B, BlasMatrix C, BlasMatrix D)
{
    /// <summary>Whether <c>op(A)</c> is the transpose of A. 8-bit floats need it.</summary>
    public bool TransposeA { get; init; }

    /// <summary>Whether <c>op(B)</c> is the transpose of B. 8-bit floats need it off.</summary>
    public bool TransposeB { get; init; }

    /// <summary>Matrices in the batch, at least 1.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>How products are formed.</summary>
    public BlasCompute Compute { get; init; } = BlasCompute.Float32;

    /// <summary>What is done before storing.</summary>
    public BlasEpilogue Epilogue { get; init; } = BlasEpilogue.Default;

    /// <summary>Element type of the bias; that of D or Float32 where the library allows it.</summary>
    public BlasElement BiasElement { get; init; } = BlasElement.BFloat16;

    /// <summary>Elements from one column of the auxiliary matrix to the next; a multiple of 8. 0 without one.</summary>
    public long AuxLeadingDimension { get; init; }

    /// <summary>Whether 8-bit products may be summed in the tensor cores' shorter format.</summary>
    public bool FastAccumulation { get; init; }

    /// <summary>Whether A and B are multiplied by scales read from device memory (8-bit floats).</summary>
    public bool Scaled { get; init; }

    /// <summary>Length of the sums, K.</summary>
    public long Depth => TransposeA ? A.Rows : A.Columns;

    /// <summary>Whether the epilogue reads or writes the bias.</summary>
    public bool UsesBias => Epilogue is not (BlasEpilogue.Default or BlasEpilogue.Gelu or BlasEpilogue.GeluAux or BlasEpilogue.GeluGradient);

    /// <summary>Whether the epilogue reads or writes the auxiliary matrix.</summary>
    public bool UsesAux =>
        Epilogue is BlasEpilogue.GeluAux or BlasEpilogue.GeluAuxBias or BlasEpilogue.GeluGradient or BlasEpilogue.GeluGradientBiasGradient;

    /// <summary>Whether extents, leading dimensions and batch fit together.</summary>
    public bool IsConsistent
    {
        get
        {
            (long m, long k) = TransposeA ? (A.Columns, A.Rows) : (A.Rows, A.Columns);
            (long depth, long n) = TransposeB ? (B.Columns, B.Rows) : (B.Rows, B.Columns);
            return m > 0 && n > 0 && k > 0 && depth == k && Batch > 0 && (D.Rows, D.Columns) == (m, n) && (C.Rows, C.Columns) == (m, n)
                && A.LeadingDimension >= A.Rows && B.LeadingDimension >= B.Rows && C.LeadingDimension >= C.Rows && D.LeadingDimension >= D.Rows
                && (!UsesAux || AuxLeadingDimension >= m);
        }
    }
}
