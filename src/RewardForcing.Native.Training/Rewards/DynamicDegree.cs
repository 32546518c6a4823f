namespace RewardForcing.Native.Training;

/// <summary>The rule by which VBench tells moving videos from still ones, given a flow field for each pair of sampled frames.</summary>
/// <remarks>Huang et al. 2024 (VBench), dynamic degree. Spec: training 8.2.</remarks>
public static class DynamicDegree
{
    private const double Share = 0.05;

    /// <summary>How many frames on the next sample is: <c>max(1, round(fps / 8))</c>, halves to even.</summary>
    /// <param name="framesPerSecond">Above 0.</param>
    public static int Stride(double framesPerSecond) => Math.Max(1, (int)Math.Round(framesPerSecond / 8));

    /// <summary>Scores a pair of frames by its fastest parts: the mean of the largest 5 % of displacements, at least one of them.</summary>
    /// <param name="displacements">Length of each vector of the flow, in pixels.</param>
    /// <exception cref="ArgumentException">There are none.</exception>
    public static double PairScore(ReadOnlySpan<float> displacements)
    {
        if (displacements.IsEmpty)
        {
            throw new ArgumentException("dynamic degree: a flow field has at least one vector, got none.", nameof(displacements));
        }

        float[] sorted = displacements.ToArray();
        Array.Sort(sorted);
        int count = Math.Max(1, (int)(Share * sorted.Length));
        double sum = 0;
        foreach (float value in sorted.AsSpan(sorted.Length - count))
        {
            sum += value;
        }

        return sum / count;
    }

    /// <summary>The score a pair has to exceed, in pixels: <c>6 min(H, W) / 256</c>.</summary>
    /// <param name="height">Lines of the video.</param>
    /// <param name="width">Columns of the video.</param>
    public static double Threshold(int height, int width) => 6.0 * Math.Min(height, width) / 256;

    /// <summary>How many pairs have to: <c>round(4 n / 16)</c>, halves to even.</summary>
    /// <param name="sampledFrames">n, the frames that pairs were made of.</param>
    public static int Required(int sampledFrames) => (int)Math.Round(4.0 * sampledFrames / 16);

    /// <summary>Whether a video moves.</summary>
    /// <param name="pairScores">One for each pair, from <see cref="PairScore"/>.</param>
    /// <param name="height">Lines of the video.</param>
    /// <param name="width">Columns of the video.</param>
    public static bool IsDynamic(IReadOnlyCollection<double> pairScores, int height, int width) =>
        pairScores.Count(score => score > Threshold(height, width)) >= Required(pairScores.Count + 1);
}
