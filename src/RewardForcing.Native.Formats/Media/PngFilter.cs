namespace RewardForcing.Native.Formats;

/// <summary>Undoes the filter of a row.</summary>
/// <remarks>PNG specification, section 9.</remarks>
internal static class PngFilter
{
    /// <summary>The neighbour nearest to <c>left + above - aboveLeft</c>; ties go to the left one, then to the one above.</summary>
    public static int Paeth(int left, int above, int aboveLeft)
    {
        int toLeft = Math.Abs(above - aboveLeft);
        int toAbove = Math.Abs(left - aboveLeft);
        int toBoth = Math.Abs(left + above - aboveLeft - aboveLeft);
        return toLeft <= toAbove && toLeft <= toBoth ? left : toAbove <= toBoth ? above : aboveLeft;
    }

    /// <summary>Restores a row in place.</summary>
    /// <param name="filter">0 to 4.</param>
    /// <param name="row">What was stored.</param>
    /// <param name="above">The restored row above, zeros for the first.</param>
    /// <param name="pixelBytes">Whole bytes of a pixel, at least 1.</param>
    public static void Undo(int filter, Span<byte> row, ReadOnlySpan<byte> above, int pixelBytes)
    {
        for (int i = 0; i < row.Length && filter != 0; i++)
        {
            int left = i >= pixelBytes ? row[i - pixelBytes] : 0;
            int aboveLeft = i >= pixelBytes ? above[i - pixelBytes] : 0;
            int predicted = filter switch
            {
                1 => left,
                2 => above[i],
                3 => (left + above[i]) >> 1,
                _ => Paeth(left, above[i], aboveLeft),
            };
            row[i] += (byte)predicted;
        }
    }
}
