namespace RewardForcing.Native.Training;

/// <summary>How much the quality of a long video wanders.</summary>
/// <remarks>Reward Forcing (arXiv 2512.04678), whose printed formula leaves the square out. Spec: training 8.2.</remarks>
public static class Drift
{
    /// <summary>Computes <c>sqrt(sum (s - mean)² / (M - 1))</c>.</summary>
    /// <param name="scores">Quality of each of M pieces of the video, at least two.</param>
    /// <exception cref="ArgumentException">There are fewer.</exception>
    public static double Of(IReadOnlyList<double> scores)
    {
        if (scores.Count < 2)
        {
            throw new ArgumentException($"drift: at least two scores are needed, got {scores.Count}.", nameof(scores));
        }

        double mean = scores.Average();
        return Math.Sqrt(scores.Sum(score => (score - mean) * (score - mean)) / (scores.Count - 1));
    }
}
