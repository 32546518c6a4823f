using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Rewards motion: the mean over pairs of sampled frames of their fastest 5 % of displacements, in pixels.</summary>
/// <remarks>
/// VBench's dynamic degree before it is cut to yes or no, with the flow of <see cref="BlockFlow"/> in place of a network's. Frames are taken at the
/// stride of <see cref="DynamicDegree.Stride"/>. Spec: training 8.2.
/// </remarks>
public sealed record MotionReward : IReward
{
    private const int Colours = 3;

    /// <summary>How fast clips are played; decides which frames are compared.</summary>
    public double FramesPerSecond { get; init; } = 16;

    /// <inheritdoc/>
    public IReadOnlyList<double> Judge(Pass silent, Tensor frames, IReadOnlyList<string> prompts) =>
        [.. Enumerable.Range(0, frames.Shape.Rank == 0 ? 0 : frames.Shape[0]).Select(sample => PairScores(frames, sample).Average())];

    /// <summary>The score of every pair of sampled frames of a clip; see <see cref="DynamicDegree.PairScore"/>.</summary>
    /// <param name="frames">Decoded frames, <c>[B, 3, F, H, W]</c>, about -1 to 1; what lies beyond is cut off.</param>
    /// <param name="sample">Which clip.</param>
    /// <exception cref="ArgumentException">The frames are of another shape, too small, or too few for a pair.</exception>
    public IReadOnlyList<double> PairScores(Tensor frames, int sample)
    {
        int stride = DynamicDegree.Stride(FramesPerSecond);
        if (frames.Shape.Rank != 5 || frames.Shape[1] != Colours || frames.Shape[2] <= stride)
        {
            throw new ArgumentException($"motion reward: frames must be [B, 3, F, H, W] with F above {stride}, got {frames.Shape}.", nameof(frames));
        }

        (int count, int height, int width) = (frames.Shape[2], frames.Shape[3], frames.Shape[4]);
        BlockFlow flow = new(height, width);
        float[] pixels = Array.ConvertAll(frames.ToFloats(), static value => Math.Clamp(value, -1, 1));
        int picture = height * width, first = sample * Colours * count * picture;
        List<double> scores = [];
        float[]? before = null;
        for (int frame = 0; frame < count; frame += stride)
        {
            float[] now = flow.Reduced(pixels.AsSpan(first + (frame * picture)), count * picture, width);
            if (before is not null)
            {
                scores.Add(DynamicDegree.PairScore(Array.ConvertAll(flow.Displacements(before, now), static vector => MathF.Sqrt((vector.X * vector.X) + (vector.Y * vector.Y)))));
            }

            before = now;
        }

        return scores;
    }
}
