using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Reads the factors of a warpgroup product: A from shared memory or registers, B from shared memory.</summary>
internal static unsafe class WarpgroupFactors
{
    /// <summary>Rows of A that a warp forms.</summary>
    public const int Rows = 16;

    private const int Lines = 8;
    private const int ChunkBytes = 16;

    /// <summary>A as <c>[16, K]</c>, this warp's rows of it.</summary>
    public static void Left(Warp w, Operation* o, WarpgroupPlan plan, float* a)
    {
        byte* bytes = stackalloc byte[Rows * plan.K * plan.TypeA.Bytes];
        LeftBytes(w, o, plan, bytes);
        for (int i = 0; i < Rows * plan.K; i++)
        {
            float value = MatrixElements.Value(plan.TypeA, bytes + (i * plan.TypeA.Bytes));
            a[i] = plan.NegatesA ? -value : value;
        }
    }

    /// <summary>A as its bytes, row by row.</summary>
    public static void LeftBytes(Warp w, Operation* o, WarpgroupPlan plan, byte* a)
    {
        int rowBytes = plan.K * plan.TypeA.Bytes;
        if (plan.A is null)
        {
            int first = w.Index % Warpgroup.Warps * Rows;
            Gather(w, o, Descriptor(w, o, plan.DescriptorA, "A"), first, Rows, plan.K, plan.TypeA.Bytes, plan.TransposesA, a);
            Check(w, o, plan.DescriptorA, first, Rows, plan.K, plan.TypeA.Bytes, plan.TransposesA);
            return;
        }

        // Register r holds rows 8 (r % 2) on, 16 bytes of them from 16 (r / 2) on: a row of 16 bytes in four lanes.
        for (int register = 0; register < plan.A.Length; register++)
        {
            byte* column = w.Registers + plan.A[register];
            for (int row = 0; row < Lines; row++)
            {
                Buffer.MemoryCopy(column + (row * ChunkBytes), a + ((row + (Lines * (register & 1))) * rowBytes) + (ChunkBytes * (register >> 1)), ChunkBytes, ChunkBytes);
            }
        }
    }

    /// <summary>B as <c>[N, K]</c>, byte by byte.</summary>
    public static void RightBytes(Warp w, Operation* o, WarpgroupPlan plan, byte* b) =>
        Gather(w, o, Descriptor(w, o, plan.DescriptorB, "B"), 0, plan.N, plan.K, plan.TypeB.Bytes, plan.TransposesB, b);

    /// <summary>B as the lanes need it: <c>[N / 8, 2, K, 4]</c>, with column 8 j + 2 t + e at j, e, k, t.</summary>
    public static float[] Right(Warp w, Operation* o, WarpgroupPlan plan, float[] into)
    {
        byte* bytes = stackalloc byte[plan.N * plan.K * plan.TypeB.Bytes];
        RightBytes(w, o, plan, bytes);
        into = into.Length >= plan.N * plan.K ? into : new float[plan.N * plan.K];
        for (int column = 0; column < plan.N; column++)
        {
            int at = (((column / 8 * 2) + (column & 1)) * plan.K * 4) + (column % 8 / 2);
            for (int k = 0; k < plan.K; k++)
            {
                float value = MatrixElements.Value(plan.TypeB, bytes + (((column * plan.K) + k) * plan.TypeB.Bytes));
                into[at + (4 * k)] = plan.NegatesB ? -value : value;
            }
        }

        return into;
    }

    /// <summary>Checks that the shared memory of B may be read.</summary>
    public static void CheckRight(Warp w, Operation* o, WarpgroupPlan plan) => Check(w, o, plan.DescriptorB, 0, plan.N, plan.K, plan.TypeB.Bytes, plan.TransposesB);

    private static MatrixDescriptor Descriptor(Warp w, Operation* o, int column, string name)
    {
        var values = (ulong*)(w.Registers + column);
        for (int lane = 1; lane < Lanes.Count; lane++)
        {
            if (values[lane] != values[0])
            {
                throw w.Fault(FindingKind.WarpgroupProduct, o, lane, $"the descriptor of {name} is not the same in all lanes");
            }
        }

        var descriptor = new MatrixDescriptor(values[0]);
        if (descriptor.Overlaps && w.Checker is not null)
        {
            w.Checker.Report(w, FindingKind.WarpgroupProduct, o, 0, $"the descriptor 0x{values[0]:x16} of {name} lets groups of eight rows overlap: its stride is less than they take");
        }

        return descriptor.IsOdd ? throw w.Fault(FindingKind.WarpgroupProduct, o, 0, $"the descriptor 0x{values[0]:x16} of {name} has a base offset or unknown bits") : descriptor;
    }

    private static void Gather(Warp w, Operation* o, MatrixDescriptor descriptor, int first, int lines, int k, int elementBytes, bool transposed, byte* to)
    {
        int lineBytes = k * elementBytes;
        if (!transposed)
        {
            for (int line = 0; line < lines; line++)
            {
                for (int at = 0; at < lineBytes; at += ChunkBytes)
                {
                    byte* from = Chunk(w, o, descriptor.AlongK(first + line, at));
                    Buffer.MemoryCopy(from, to + (line * lineBytes) + at, ChunkBytes, ChunkBytes);
                }
            }

            return;
        }

        for (int line = 0; line < lines; line += Lines)
        {
            for (int place = 0; place < k; place++)
            {
                var from = (ushort*)Chunk(w, o, descriptor.AcrossK(first + line, place));
                for (int i = 0; i < Lines; i++)
                {
                    ((ushort*)(to + ((line + i) * lineBytes)))[place] = from[i];
                }
            }
        }
    }

    private static byte* Chunk(Warp w, Operation* o, uint address)
    {
        Block block = w.Block;
        return address >= MemoryMap.SharedStart && address + ChunkBytes <= block.SharedEnd ? block.Shared + address : throw w.Fault(FindingKind.OutOfBounds, o, 0,
            $"a factor of a warpgroup product at shared address 0x{address:x}; the block's shared memory of {block.Grid.SharedBytes} bytes begins at 0x{MemoryMap.SharedStart:x}");
    }

    private static void Check(Warp w, Operation* o, int column, int first, int lines, int k, int elementBytes, bool transposed)
    {
        if (w.Checker is null)
        {
            return;
        }

        var descriptor = new MatrixDescriptor(((ulong*)(w.Registers + column))[0]);
        SharedShadow shadow = w.Block.Shadow!;
        Party unit = shadow.PartyOf(w, shadow.TensorUnit(w), w.Products.Moment);
        for (int line = 0; line < lines; line += transposed ? Lines : 1)
        {
            for (int at = 0; at < (transposed ? k : k * elementBytes); at += transposed ? 1 : ChunkBytes)
            {
                uint address = transposed ? descriptor.AcrossK(first + line, at) : descriptor.AlongK(first + line, at);
                shadow.Access(w.Checker, w, o, 0, address, ChunkBytes, AccessKind.Read, unit);
            }
        }
    }
}
