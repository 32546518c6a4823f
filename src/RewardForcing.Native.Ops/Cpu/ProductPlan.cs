namespace RewardForcing.Native.Ops;

/// <summary>How the result of a product is cut into items: few enough that packing is cheap, enough that all threads end together.</summary>
/// <param name="Rows">Rows of the result.</param>
/// <param name="Panels">Panels that cover its columns.</param>
/// <param name="Groups">Parts the panels are cut into.</param>
/// <param name="Chunks">Parts the rows are cut into.</param>
/// <param name="RowStep">Rows of a part.</param>
/// <param name="IsSmall">Whether the work is not worth waking a thread.</param>
internal readonly record struct ProductPlan(long Rows, int Panels, int Groups, int Chunks, int RowStep, bool IsSmall)
{
    // Bytes of packed panels that stay in a second-level cache beside everything else.
    private const int PackedBytes = 640 << 10;

    // Rows that share one packing: beyond this its cost is below one percent, and sums would leave the cache.
    private const int MostRows = 2048;

    // The same where packing is done already.
    private const int MostPackedRows = 512;

    // Rows below which packing would cost more than a busy thread.
    private const int FewestRows = 96;

    // Multiply-adds that take some ten microseconds.
    private const long Grain = 1 << 19;

    /// <summary>Number of items.</summary>
    public int Items => Groups * Chunks;

    /// <summary>Cuts a product.</summary>
    /// <param name="rows">Rows of the result.</param>
    /// <param name="columns">Columns of the result.</param>
    /// <param name="depth">Terms of every sum.</param>
    /// <param name="deepest">Terms of the largest block of the depth.</param>
    /// <param name="tileRows">Rows of a tile.</param>
    /// <param name="panelWidth">Columns of a panel.</param>
    /// <param name="threads">Threads that share the work.</param>
    /// <param name="isPacked">Whether items find all panels packed.</param>
    public static ProductPlan For(long rows, int columns, long depth, int deepest, int tileRows, int panelWidth, int threads, bool isPacked)
    {
        int panels = (columns + panelWidth - 1) / panelWidth;
        int perGroup = (int)Math.Clamp(PackedBytes / ((long)deepest * panelWidth * sizeof(float)), 1, panels);
        int groups = (panels + perGroup - 1) / perGroup;
        int mostRows = isPacked ? MostPackedRows : MostRows;
        int chunks = checked((int)((rows + mostRows - 1) / mostRows));
        bool small = threads == 1 || rows * columns * depth < 2 * Grain;
        if (!small)
        {
            int wanted = (int)Math.Min(8L * threads, rows * columns * depth / Grain);
            while (groups * chunks < wanted)
            {
                if (rows / chunks >= 4 * FewestRows || (groups == panels && rows / chunks >= 2 * FewestRows))
                {
                    chunks++;
                }
                else if (groups < panels)
                {
                    groups++;
                }
                else
                {
                    break;
                }
            }

            // The same number of items for every thread, where there are few. Where there are many, cutting columns only means that rows are read again.
            if ((long)groups * chunks < 8L * threads)
            {
                groups = Math.Min(panels, (groups + threads - 1) / threads * threads);
            }
        }

        long step = (rows + chunks - 1) / chunks;
        step = (step + tileRows - 1) / tileRows * tileRows;
        return new ProductPlan(rows, panels, groups, (int)((rows + step - 1) / step), (int)step, small);
    }

    /// <summary>The bounds of an item.</summary>
    public ProductPart Part(int item)
    {
        (int chunk, int group) = (item / Groups, item % Groups);
        int first = (int)((long)Panels * group / Groups), end = (int)((long)Panels * (group + 1) / Groups);
        long row = (long)chunk * RowStep;
        return new ProductPart(first, end - first, row, (int)Math.Min(RowStep, Rows - row));
    }
}
