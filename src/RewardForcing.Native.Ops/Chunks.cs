using System.Buffers;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Cuts the work of an op into pieces whose bounds do not depend on the number of threads, so results do not either.</summary>
internal static class Chunks
{
    /// <summary>Elements of one piece of elementwise work: operands and result stay in the second-level cache.</summary>
    public const int Block = 8192;

    // Elements below which handing work to another thread costs more than it saves.
    private const int Grain = 32768;

    /// <summary>Work on consecutive rows or elements.</summary>
    /// <param name="first">The first one.</param>
    /// <param name="count">How many.</param>
    /// <param name="scratch">Memory to use; contents are undefined.</param>
    public delegate void Body(long first, int count, Span<float> scratch);

    /// <summary>Runs <paramref name="body"/> over all rows.</summary>
    /// <param name="cpu">Whose threads share the work.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="rowLength">Elements touched for one row.</param>
    /// <param name="scratch">Floats of scratch memory for each call.</param>
    /// <param name="body">The work.</param>
    public static void Rows(CpuDevice cpu, long rows, long rowLength, int scratch, Body body)
    {
        int perItem = (int)Math.Clamp(Grain / Math.Max(rowLength, 1), 1, Grain);
        Run(cpu, rows, perItem, perItem, scratch, body);
    }

    /// <summary>Runs <paramref name="body"/> over all elements, at most <see cref="Block"/> in one call.</summary>
    /// <param name="cpu">Whose threads share the work.</param>
    /// <param name="count">Number of elements.</param>
    /// <param name="buffers">Buffers of <see cref="Block"/> floats needed as scratch memory.</param>
    /// <param name="body">The work.</param>
    public static void Flat(CpuDevice cpu, long count, int buffers, Body body) => Run(cpu, count, Grain, Block, buffers * Block, body);

    private static void Run(CpuDevice cpu, long count, int perItem, int perCall, int scratch, Body body)
    {
        int items = checked((int)((count + perItem - 1) / perItem));
        cpu.Workers.For(items, item =>
        {
            float[] rented = ArrayPool<float>.Shared.Rent(scratch);
            try
            {
                long end = Math.Min(count, (item + 1L) * perItem);
                for (long first = (long)item * perItem; first < end; first += perCall)
                {
                    body(first, (int)Math.Min(perCall, end - first), rented.AsSpan(0, scratch));
                }
            }
            finally
            {
                ArrayPool<float>.Shared.Return(rented);
            }
        });
    }
}
