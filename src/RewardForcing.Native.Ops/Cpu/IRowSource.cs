namespace RewardForcing.Native.Ops;

/// <summary>Says where the left rows of a product are in memory, so that they can be read in place.</summary>
/// <remarks>For convolutions this is the indirection of Dukhan 2019, "The Indirect Convolution Algorithm": addresses are made, pixels are not copied.</remarks>
internal unsafe interface IRowSource
{
    /// <summary>Writes the address of the first channel of every row for every tap, <c>[taps, stride]</c>.</summary>
    /// <param name="firstRow">The first row.</param>
    /// <param name="rows">Rows that exist, at least 1; the others up to <paramref name="stride"/> get an address that may be read.</param>
    /// <param name="firstTap">The first tap.</param>
    /// <param name="taps">Number of taps.</param>
    /// <param name="addresses">Where to write.</param>
    /// <param name="stride">Rows of one call of the tile.</param>
    void Point(long firstRow, int rows, int firstTap, int taps, nint* addresses, int stride);
}
