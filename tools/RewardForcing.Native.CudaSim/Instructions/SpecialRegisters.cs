using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Special registers: most are columns written when a block starts, clocks are read when they are used.</summary>
internal static unsafe class SpecialRegisters
{
    private static readonly PtxType U32 = new(PtxKind.Unsigned, 4);
    private static readonly PtxType U64 = new(PtxKind.Unsigned, 8);
    private static readonly PtxType Predicate = new(PtxKind.Predicate, 0);

    /// <summary>Type of a special register, or null if it is not known.</summary>
    public static PtxType? TypeOf(string name) => name switch
    {
        "%clock64" or "%globaltimer" or "%gridid" => U64,
        "%is_explicit_cluster" => Predicate,
        "%clock" or "%clock_hi" or "%globaltimer_lo" or "%globaltimer_hi" or "%laneid" or "%warpid" or "%nwarpid" or "%smid" or "%nsmid" or
            "%lanemask_eq" or "%lanemask_le" or "%lanemask_lt" or "%lanemask_ge" or "%lanemask_gt" or
            "%dynamic_smem_size" or "%total_smem_size" or "%cluster_ctarank" or "%cluster_nctarank" => U32,
        _ => IsTriple(name) ? U32 : null,
    };

    /// <summary>Whether it must be read anew every time.</summary>
    public static bool ChangesWhileRunning(string name) => name.StartsWith("%clock") || name.StartsWith("%globaltimer");

    /// <summary>Reads a clock: it advances with the work of the block.</summary>
    public static Operation* Read(Warp w, Operation* o)
    {
        ulong now = w.Block.Clock();
        bool wide = (string)w.Program.Objects[o->Object] is "%clock64" or "%globaltimer";
        if (wide)
        {
            Lanes.Fill64(w.Registers + o->D, now, w.Mask);
        }
        else
        {
            Lanes.Fill32(w.Registers + o->D, ((string)w.Program.Objects[o->Object]).EndsWith("hi") ? (uint)(now >> 32) : (uint)now, w.Mask);
        }

        return o + 1;
    }

    /// <summary>Writes the columns of a warp at the start of a block.</summary>
    public static void Fill(Warp w)
    {
        foreach (SpecialRegister special in w.Program.Specials)
        {
            byte* column = w.Registers + special.Column;
            switch (special.Name)
            {
                case "%gridid":
                    Lanes.Fill64(column, w.Block.Grid.Serial, Lanes.All);
                    break;
                case "%is_explicit_cluster":
                    *(uint*)column = w.Block.Grid.Cluster.Count > 1 ? Lanes.All : 0;
                    break;
                default:
                    for (int lane = 0; lane < Lanes.Count; lane++)
                    {
                        ((uint*)column)[lane] = (uint)Value(w, special.Name, lane);
                    }

                    break;
            }
        }
    }

    private static bool IsTriple(string name)
    {
        string[] parts = name.Split('.');
        return parts.Length == 2 && parts[1] is "x" or "y" or "z" &&
            parts[0] is "%tid" or "%ntid" or "%ctaid" or "%nctaid" or "%clusterid" or "%nclusterid" or "%cluster_ctaid" or "%cluster_nctaid";
    }

    private static long Value(Warp w, string name, int lane)
    {
        Block block = w.Block;
        return name switch
        {
            "%laneid" => lane,
            "%warpid" => w.Index,
            "%nwarpid" => block.Warps.Length,
            "%smid" => block.Number % 8,
            "%nsmid" => 8,
            "%lanemask_eq" => 1L << lane,
            "%lanemask_le" => (2L << lane) - 1,
            "%lanemask_lt" => (1L << lane) - 1,
            "%lanemask_ge" => uint.MaxValue & ~((1L << lane) - 1),
            "%lanemask_gt" => uint.MaxValue & ~((2L << lane) - 1),
            "%dynamic_smem_size" => block.Grid.Shape.DynamicSharedBytes,
            "%total_smem_size" => block.Grid.SharedBytes,
            "%cluster_ctarank" => block.Rank,
            "%cluster_nctarank" => block.Grid.Cluster.Count,
            _ => Part(Triple(w, name, lane), name[^1]),
        };
    }

    private static (long X, long Y, long Z) Triple(Warp w, string name, int lane)
    {
        Grid grid = w.Block.Grid;
        var (threads, blocks, cluster) = (grid.Shape.Block, grid.Shape.Grid, grid.Cluster);
        var (x, y, z) = w.Block.Index;
        switch (name[..name.IndexOf('.')])
        {
            case "%tid":
                var thread = w.Block.Thread(w, lane);
                return (thread.X, thread.Y, thread.Z);
            case "%ntid":
                return (threads.X, threads.Y, threads.Z);
            case "%ctaid":
                return (x, y, z);
            case "%nctaid":
                return (blocks.X, blocks.Y, blocks.Z);
            case "%clusterid":
                return (x / cluster.X, y / cluster.Y, z / cluster.Z);
            case "%nclusterid":
                return (blocks.X / cluster.X, blocks.Y / cluster.Y, blocks.Z / cluster.Z);
            case "%cluster_ctaid":
                return (x % cluster.X, y % cluster.Y, z % cluster.Z);
            default:
                return (cluster.X, cluster.Y, cluster.Z);
        }
    }

    private static long Part((long X, long Y, long Z) triple, char part) => part == 'x' ? triple.X : part == 'y' ? triple.Y : triple.Z;
}
