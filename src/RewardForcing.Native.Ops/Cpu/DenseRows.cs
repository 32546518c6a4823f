namespace RewardForcing.Native.Ops;

/// <summary>Rows at equal distances: the input of a linear map, which has one tap.</summary>
/// <param name="Address">The first row.</param>
/// <param name="RowBytes">Distance between rows.</param>
internal readonly unsafe record struct DenseRows(nint Address, long RowBytes) : IRowSource
{
    public void Point(long firstRow, int rows, int firstTap, int taps, nint* addresses, int stride)
    {
        for (int i = 0; i < stride; i++)
        {
            addresses[i] = Address + (nint)((firstRow + Math.Min(i, rows - 1)) * RowBytes);
        }
    }
}
