namespace RewardForcing.Native.Ops;

/// <summary>Which keys a query may see, as at most two ranges of key positions and, for training masks, the query's own position.</summary>
/// <remarks>A value: every mask of Wan, Self Forcing and Reward Forcing is a predicate on two integers, so no mask tensor exists. Spec: models, section 2.10.</remarks>
public readonly record struct AttentionMask
{
    private enum Kind
    {
        All,
        Window,
        BlockCausal,
        TeacherForcing,
    }

    private Kind Type { get; init; }

    private int First { get; init; }

    private int Block { get; init; }

    private int Local { get; init; }

    private int Total { get; init; }

    private int Skip { get; init; }

    /// <summary>The number of the kind in <c>kernels/common/attention_mask.cuh</c>.</summary>
    internal int Number => (int)Type;

    /// <summary>The numbers a kernel takes, in its order.</summary>
    internal int[] Sizes => [First, Skip, Block, Local, Total];

    /// <summary>Whether the mask is the same for every query.</summary>
    public bool IsUniform => Type is Kind.All or Kind.Window;

    /// <summary>Whether the mask lets every query see its own position in addition to its ranges.</summary>
    public bool IncludesSelf => !IsUniform;

    /// <summary>Every query sees every key.</summary>
    public static AttentionMask All => default;

    /// <summary>Every query sees keys <c>[0, first)</c> and <c>[skip, end)</c>: an attention sink and a window, or a valid prefix.</summary>
    /// <param name="first">End of the first range; 0 for none.</param>
    /// <param name="skip">Start of the second range, at least <paramref name="first"/>.</param>
    /// <param name="end">End of the second range.</param>
    public static AttentionMask Window(int first, int skip, int end) =>
        new() { Type = Kind.Window, First = first, Skip = skip, Total = end };

    /// <summary>Blocks of frames see themselves and everything before, possibly only a local window.</summary>
    /// <param name="firstBlock">Tokens of the first block: a frame for image-to-video models, else <paramref name="block"/>.</param>
    /// <param name="block">Tokens of every other block.</param>
    /// <param name="local">Tokens of the local window, counted back from the end of the query's block; -1 for all.</param>
    /// <param name="total">Tokens that are no padding; padding queries see only themselves.</param>
    public static AttentionMask BlockCausal(int firstBlock, int block, int local, int total) =>
        new() { Type = Kind.BlockCausal, First = firstBlock, Block = block, Local = local, Total = total };

    /// <summary>The sequence is a clean half followed by a noisy half; noisy blocks see themselves and the clean blocks before them.</summary>
    /// <param name="half">Tokens of one half.</param>
    /// <param name="block">Tokens of one block.</param>
    public static AttentionMask TeacherForcing(int half, int block) =>
        new() { Type = Kind.TeacherForcing, Total = half, Block = block };

    /// <summary>The keys a query may see besides itself (<see cref="IncludesSelf"/>): <c>[a0, a1)</c> and <c>[b0, b1)</c>, in order, not overlapping.</summary>
    /// <param name="query">Position of the query.</param>
    /// <param name="keys">Number of keys; ranges are cut off there.</param>
    public (int A0, int A1, int B0, int B1) Ranges(int query, int keys)
    {
        (int a0, int a1, int b0, int b1) = Type switch
        {
            Kind.Window => (0, First, Skip, Total),
            Kind.BlockCausal => BlockCausalRange(query),
            Kind.TeacherForcing => TeacherForcingRanges(query),
            _ => (0, keys, keys, keys),
        };
        return (Math.Min(a0, keys), Math.Min(a1, keys), Math.Min(b0, keys), Math.Min(b1, keys));
    }

    /// <summary>Whether <paramref name="query"/> may see <paramref name="key"/>.</summary>
    public bool Allows(int query, int key, int keys)
    {
        (int a0, int a1, int b0, int b1) = Ranges(query, keys);
        return (key >= a0 && key < a1) || (key >= b0 && key < b1) || (IncludesSelf && key == query && key < keys);
    }

    private (int A0, int A1, int B0, int B1) BlockCausalRange(int query)
    {
        if (query >= Total)
        {
            return (0, 0, 0, 0);
        }

        int end = query < First ? First : First + (Block * (((query - First) / Block) + 1));
        int start = Local < 0 ? 0 : Math.Max(0, end - Local);
        return (start, end, end, end);
    }

    private (int A0, int A1, int B0, int B1) TeacherForcingRanges(int query)
    {
        if (query < Total)
        {
            int end = Math.Min(Block * ((query / Block) + 1), Total);
            return (0, end, end, end);
        }

        if (query >= 2 * Total)
        {
            return (0, 0, 0, 0);
        }

        int before = Block * ((query - Total) / Block);
        return (0, before, Total + before, Math.Min(Total + before + Block, 2 * Total));
    }
}
