using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Sums over rows, as gradients of what is repeated along rows are: in blocks whose bounds depend on the shape alone, added up in order, so that the bits are the same for any number of threads.</summary>
internal static unsafe partial class ColumnSums
{
    private const int FewestRows = 64;
    private const int Grain = 1 << 14;

    /// <summary>Adds what some rows contribute to <paramref name="sums"/>, <c>[targets, columns]</c>.</summary>
    /// <param name="first">The first row.</param>
    /// <param name="count">How many.</param>
    /// <param name="scratch">Memory to use; contents are undefined.</param>
    /// <param name="sums">What each column of these rows adds up to; zeros at first.</param>
    public delegate void Body(long first, int count, Span<float> scratch, Span<float> sums);

    /// <summary>Runs <paramref name="body"/> over all rows and stores the sums of each group.</summary>
    /// <param name="cpu">Whose threads share the work.</param>
    /// <param name="groups">Groups of consecutive rows with sums of their own: 1 for a parameter, frames for a modulation.</param>
    /// <param name="rows">Rows of a group.</param>
    /// <param name="columns">Columns of each sum.</param>
    /// <param name="scratch">Floats of scratch memory for each call.</param>
    /// <param name="body">The work.</param>
    /// <param name="targets">Where the sums go, <c>[groups, columns]</c> each; null for sums nobody wants.</param>
    public static void Run(CpuDevice cpu, long groups, long rows, int columns, int scratch, Body body, params Tensor?[] targets)
    {
        int step = (int)Math.Clamp(Grain / Math.Max(columns, 1), FewestRows, Grain);
        int blocks = (int)Math.Max(1, (rows + step - 1) / step);
        long width = (long)targets.Length * columns;
        using ScratchMemory memory = new(cpu, ScratchMemory.SizeOf<float>(groups * blocks * width));
        float* partial = memory.Take<float>(groups * blocks * width);
        cpu.Workers.For(checked((int)(groups * blocks)), item =>
        {
            using ScratchMemory own = new(cpu, ScratchMemory.SizeOf<float>(scratch));
            Span<float> sums = new(partial + (item * width), checked((int)width));
            sums.Clear();
            long first = (long)(item % blocks) * step, group = item / blocks;
            body((group * rows) + first, (int)Math.Max(0, Math.Min(step, rows - first)), new Span<float>(own.Take<float>(scratch), scratch), sums);
        });
        for (int target = 0; target < targets.Length; target++)
        {
            if (targets[target] is { } wanted)
            {
                Total(cpu, partial + ((long)target * columns), width, blocks, groups, columns, new Elements(wanted));
            }
        }
    }

    /// <summary>Adds up the rows of each group of a tensor.</summary>
    /// <param name="cpu">Whose threads share the work.</param>
    /// <param name="groups">Groups of consecutive rows.</param>
    /// <param name="x">What is added up; F32 or BF16, its elements seen as rows as long as a group's part of the result.</param>
    /// <param name="total">Where the sums go, <c>[groups, columns]</c>.</param>
    public static void OfRows(CpuDevice cpu, long groups, Tensor x, Tensor total)
    {
        int columns = groups == 0 ? 0 : checked((int)(total.Count / groups));
        if (columns == 0)
        {
            return;
        }

        Elements rows = new(x);
        Run(cpu, groups, x.Count / columns / groups, columns, columns, (first, count, scratch, sums) =>
        {
            for (long row = first; row < first + count; row++)
            {
                Lanes.Add(sums, rows.Read(row * columns, columns, scratch));
            }
        }, total);
    }

    private static void Total(CpuDevice cpu, float* partial, long width, int blocks, long groups, int columns, Elements target)
    {
        Chunks.Rows(cpu, groups, (long)columns * blocks, columns, (first, count, scratch) =>
        {
            for (long group = first; group < first + count; group++)
            {
                Span<float> result = target.Target(group * columns, columns, scratch);
                for (int column = 0; column < columns; column++)
                {
                    double sum = 0;
                    for (int block = 0; block < blocks; block++)
                    {
                        sum += partial[(((group * blocks) + block) * width) + column];
                    }

                    result[column] = (float)sum;
                }

                target.Commit(group * columns, result);
            }
        });
    }
}
