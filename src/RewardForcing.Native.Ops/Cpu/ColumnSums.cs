using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Sums over rows, one for each column: the gradients of scales and shifts. The same bits for any number of threads.</summary>
internal static unsafe class ColumnSums
{
    // Elements of one part, and rows beyond which a chain of float sums would lose too much.
    private const int Grain = 32768;
    private const int MostRows = 1024;

    /// <summary>Work on consecutive rows.</summary>
    /// <param name="first">The first one.</param>
    /// <param name="count">How many.</param>
    /// <param name="scratch">Memory to use; contents are undefined.</param>
    /// <param name="sums">What each column of these rows adds up to; zeros at first.</param>
    public delegate void Body(long first, int count, Span<float> scratch, Span<float> sums);

    /// <summary>Runs <paramref name="body"/> over all rows and adds up what its calls give, in order, in double.</summary>
    /// <param name="cpu">Whose threads share the work.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="scratch">Floats of scratch memory for each call.</param>
    /// <param name="total">Receives the sums, F32, one for each column; null where only the work itself is wanted.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="body">The work.</param>
    public static void Run(CpuDevice cpu, long rows, int scratch, Tensor? total, int columns, Body body)
    {
        int each = Math.Clamp(Grain / Math.Max(columns, 1), 1, MostRows);
        int parts = checked((int)((rows + each - 1) / each));
        using ScratchMemory memory = new(cpu, ScratchMemory.SizeOf<float>((long)parts * columns));
        float* partial = memory.Take<float>((long)parts * columns);
        cpu.Workers.For(parts, part =>
        {
            using ScratchMemory own = new(cpu, ScratchMemory.SizeOf<float>(scratch));
            Span<float> sums = new(partial + ((long)part * columns), columns);
            sums.Clear();
            long first = (long)part * each;
            body(first, (int)Math.Min(each, rows - first), new Span<float>(own.Take<float>(scratch), scratch), sums);
        });
        for (int column = 0; total is not null && column < columns; column++)
        {
            double sum = 0;
            for (int part = 0; part < parts; part++)
            {
                sum += partial[((long)part * columns) + column];
            }

            ((float*)total.Address)[column] = (float)sum;
        }
    }
}
