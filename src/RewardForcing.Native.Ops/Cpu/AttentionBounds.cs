using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Which keys the queries of each tile see, as ranges for each lane.</summary>
/// <param name="problem">The attention.</param>
/// <param name="memory">Floats for all tiles, as many as <see cref="FloatsFor"/> says; not touched where the mask is the same for all queries.</param>
/// <param name="firstQuery">The first query of the first tile.</param>
/// <param name="width">Queries of a tile.</param>
internal readonly unsafe struct AttentionBounds(AttentionProblem problem, float* memory, int firstQuery, int width)
{
    private const int Ranges = 3;

    /// <summary>Floats the bounds of some tiles take.</summary>
    public static long FloatsFor(AttentionProblem problem, int tiles, int width) => problem.Mask.IsUniform ? 0 : 2L * Ranges * tiles * width;

    /// <summary>Start and end of three ranges for each lane of a tile, <c>[6, width]</c>.</summary>
    public float* Of(int tile) => memory + (2L * Ranges * tile * width);

    /// <summary>Writes the bounds of a tile. Positions are exact as floats: sequences are far shorter than 2^24.</summary>
    public void Write(int tile)
    {
        if (problem.Mask.IsUniform)
        {
            return;
        }

        float* bounds = Of(tile);
        for (int lane = 0; lane < width; lane++)
        {
            int query = firstQuery + (tile * width) + lane;
            (int a0, int a1, int b0, int b1) = query < problem.Queries ? problem.Mask.Ranges(query, problem.Keys) : default;
            ReadOnlySpan<int> ends = [a0, a1, b0, b1, query, Math.Min(query + 1, problem.Keys)];
            for (int end = 0; end < ends.Length; end++)
            {
                bounds[(end * width) + lane] = ends[end];
            }
        }
    }

    /// <summary>Whether any query of a tile sees any key of a block, and whether all see all.</summary>
    public (bool Some, bool All) Seen(int tile, int firstKey, int count)
    {
        if (problem.Mask.IsUniform)
        {
            return (true, true);
        }

        float* bounds = Of(tile);
        int lanes = Math.Min(width, problem.Queries - firstQuery - (tile * width)), end = firstKey + count;
        (bool some, bool all) = (false, true);
        for (int lane = 0; lane < lanes; lane++)
        {
            bool covered = false;
            for (int range = 0; range < Ranges; range++)
            {
                float low = bounds[(2 * range * width) + lane], high = bounds[(((2 * range) + 1) * width) + lane];
                some |= low < high && low < end && high > firstKey;
                covered |= low <= firstKey && high >= end;
            }

            all &= covered;
        }

        return (some, all);
    }
}
