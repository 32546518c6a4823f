namespace RewardForcing.Native.Models;

/// <summary>The rows of umT5's tables of relative positions: exact for near tokens, logarithmic for far ones, half of them for each side.</summary>
/// <remarks>Raffel et al. 2020, section 2.1; spec: models 7.2.</remarks>
public static class RelativeBuckets
{
    /// <summary>The bucket of a distance.</summary>
    /// <param name="relative">Position of the key less that of the query.</param>
    /// <param name="buckets">Number of buckets, a multiple of 4.</param>
    /// <param name="maxDistance">Distance from which on all positions share a bucket.</param>
    public static int Of(int relative, int buckets = 32, int maxDistance = 128)
    {
        int half = buckets / 2;
        int exact = half / 2;
        int side = relative > 0 ? half : 0;
        int distance = Math.Abs(relative);
        if (distance < exact)
        {
            return side + distance;
        }

        // floor(exact * ln(d / exact) / ln(max / exact)) by comparing powers: at d = 16, 32, 64 the quotient is an integer, and a rounded
        // logarithm may fall to either side of it.
        int step = 0;
        while (exact + step + 1 < half && Reaches(distance, step + 1, exact, maxDistance))
        {
            step++;
        }

        return side + exact + step;
    }

    private static bool Reaches(int distance, int step, int exact, int maxDistance)
    {
        double needed = exact * Math.Pow((double)maxDistance / exact, (double)step / exact);
        return distance >= needed - (1e-9 * needed);
    }
}
