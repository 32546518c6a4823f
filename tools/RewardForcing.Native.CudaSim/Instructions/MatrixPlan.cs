using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>
/// Registers and types of an <c>mma</c>. Lane 4g + t of a register column of A holds row g and as many elements of K as fit 4 bytes, from t times that
/// on: the column is a matrix of 8 rows, row by row. Its first two registers are rows 0 to 7 and 8 to 15, the next two the next columns. B is the same with
/// its columns for rows; an accumulator pair of lane 4g + t is (g, 2t) and (g, 2t + 1), the next pair 8 rows below (PTX ISA, "Matrix Fragments for mma").
/// </summary>
/// <param name="K">Inner extent.</param>
/// <param name="TypeA">Elements of A.</param>
/// <param name="TypeB">Elements of B.</param>
/// <param name="Accumulator">Elements of C and D.</param>
/// <param name="Saturate">Whether integer sums are clamped.</param>
/// <param name="A">Columns of A.</param>
/// <param name="B">Columns of B.</param>
/// <param name="C">Columns of C.</param>
/// <param name="D">Columns of D.</param>
internal sealed record MatrixPlan(int K, PtxType TypeA, PtxType TypeB, PtxType Accumulator, bool Saturate, int[] A, int[] B, int[] C, int[] D)
{
    /// <summary>Rows of A and of the result.</summary>
    public const int Rows = 16;

    /// <summary>Columns of B and of the result.</summary>
    public const int Columns = 8;

    /// <summary>Elements of a lane in one register of A or B.</summary>
    public int PerLane => 4 / TypeA.Bytes;
}
