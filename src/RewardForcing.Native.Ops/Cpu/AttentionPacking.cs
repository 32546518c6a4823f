using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Rows of one head, brought together as floats: in the tensors they are short and far apart.</summary>
internal static unsafe class AttentionPacking
{
    private const int CacheFloats = 16;

    /// <summary>Floats between packed rows: an odd number of cache lines, so that the same place of many rows is not always in the same set.</summary>
    public static nint Pitch(int width) => (((width + CacheFloats - 1) / CacheFloats) | 1) * CacheFloats;

    /// <summary>Copies one row of a head.</summary>
    /// <param name="problem">The attention.</param>
    /// <param name="address">The tensor.</param>
    /// <param name="at">The row's first element.</param>
    /// <param name="target">Where to write.</param>
    public static void Copy(AttentionProblem problem, nint address, long at, float* target)
    {
        Span<float> row = new(target, problem.Width);
        if (problem.Type == DType.F32)
        {
            new ReadOnlySpan<float>((float*)address + at, row.Length).CopyTo(row);
        }
        else
        {
            Rounding.Widen(new ReadOnlySpan<BFloat16>((BFloat16*)address + at, row.Length), row);
        }
    }

    /// <summary>Writes <c>panel[d, lane] = scale * row(first + lane)[d]</c> for a tile of queries; lanes past the last query are zero.</summary>
    /// <param name="problem">The attention.</param>
    /// <param name="address">Queries, or another tensor of their shape.</param>
    /// <param name="sample">Entry of the batch.</param>
    /// <param name="head">Head.</param>
    /// <param name="first">The first query.</param>
    /// <param name="width">Queries of a tile.</param>
    /// <param name="scale">Factor.</param>
    /// <param name="panel">Where to write, <c>[D, width]</c>.</param>
    /// <param name="scratch">Floats for <see cref="Transposition.Group"/> rows.</param>
    public static void Turned<TSimd, TVector>(
        AttentionProblem problem, nint address, int sample, int head, int first, int width, float scale, float* panel, float* scratch)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        float** rows = stackalloc float*[Transposition.Group];
        for (int lane = 0; lane < width; lane += Transposition.Group)
        {
            int group = Math.Min(Transposition.Group, width - lane);
            for (int r = 0; r < group; r++)
            {
                rows[r] = Query(problem, address, sample, head, first + lane + r, scratch + (r * problem.Width));
            }

            Transposition.Run(rows, group, problem.Width, panel + lane, width);
        }

        TVector factor = TSimd.Create(scale);
        for (long i = 0; i < (long)problem.Width * width; i += TSimd.Width)
        {
            TSimd.Store(TSimd.Multiply(TSimd.Load(panel + i), factor), panel + i);
        }
    }

    /// <summary>The floats of a query, in place where it holds floats; zeros for the queries that fill up the last tile.</summary>
    public static float* Query(AttentionProblem problem, nint address, int sample, int head, int query, float* scratch)
    {
        if (query >= problem.Queries)
        {
            new Span<float>(scratch, problem.Width).Clear();
            return scratch;
        }

        long at = problem.Offset(sample, problem.Queries, query, head);
        if (problem.Type == DType.F32)
        {
            return (float*)address + at;
        }

        Copy(problem, address, at, scratch);
        return scratch;
    }
}
