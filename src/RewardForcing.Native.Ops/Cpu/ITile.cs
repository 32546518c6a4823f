namespace RewardForcing.Native.Ops;

/// <summary>The innermost product of every matrix-like op: a few rows times a few columns, with all sums in registers.</summary>
internal unsafe interface ITile
{
    /// <summary>Rows of one call.</summary>
    static abstract int Rows { get; }

    /// <summary>Columns of one call, and the width of a packed panel.</summary>
    static abstract int Columns { get; }

    /// <summary>Computes <c>sums[i, j] = addend[i, j] + sum_t sum_k rows[t, i][k * step] * panel[t, k, j]</c>, adding up in the order of t, then k, and the addend last.</summary>
    /// <param name="taps">Number of t: 1 for a matrix product, taps of the filter for a convolution.</param>
    /// <param name="rows">Where each row starts for each tap, <c>[taps, Rows]</c>; rows may coincide.</param>
    /// <param name="depth">Number of k; at least 1.</param>
    /// <param name="step">Floats between consecutive k of one row.</param>
    /// <param name="panel">Right operand, <c>[taps, depth, Columns]</c>, without gaps.</param>
    /// <param name="sums">Result; all rows and columns are written.</param>
    /// <param name="stride">Floats between rows of <paramref name="sums"/>.</param>
    /// <param name="addend">What is added: <paramref name="sums"/> itself to accumulate, a bias, or null for nothing.</param>
    /// <param name="addendStride">Floats between rows of <paramref name="addend"/>; 0 adds one row to all.</param>
    /// <param name="ahead">Bytes from a row to the one that the same place of the next call will read, to fetch it meanwhile; 0 if it is at hand.</param>
    static abstract void Multiply(int taps, float** rows, nint depth, nint step, float* panel, float* sums, nint stride, float* addend, nint addendStride, nint ahead);
}
