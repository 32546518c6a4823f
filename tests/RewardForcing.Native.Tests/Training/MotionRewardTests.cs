using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;
using Xunit;

namespace RewardForcing.Native.Tests.Training;

public sealed class MotionRewardTests
{
    private static readonly MotionReward EveryFrame = new() { FramesPerSecond = 8 };

    [Theory]
    [InlineData(64, 0, 0)]
    [InlineData(64, 1, 0)]
    [InlineData(64, -3, 2)]
    [InlineData(64, 1.5, 0.5)]
    [InlineData(64, 0, -7)]
    [InlineData(256, 6, 4)]
    [InlineData(40, 5, 0)]
    public void Judge_ShapeMoves_FindsItsDisplacement(int size, double dx, double dy) =>
        Assert.Equal(Math.Sqrt((dx * dx) + (dy * dy)), Judge(EveryFrame, Clip(5, size, size, Disc(size, dx, dy)))[0], dx % 1 == 0 ? 0.02 : 0.2);

    [Fact]
    public void Judge_CameraMovesOverTexture_FindsItsDisplacement() =>
        Assert.Equal(Math.Sqrt(13), Judge(EveryFrame, Clip(4, 48, 64, static (f, y, x, c) => Texture(y + (3 * f), x - (2 * f), c)))[0], 0.02);

    [Fact]
    public void Judge_FasterShapes_EarnMore()
    {
        double[] rewards = [.. Enumerable.Range(0, 8).Select(speed => Judge(EveryFrame, Clip(4, 64, 64, Disc(64, speed, 0)))[0])];
        Assert.Equal(rewards.Order(), rewards);
        Assert.All(rewards.Zip(rewards.Skip(1)), static pair => Assert.InRange(pair.Second - pair.First, 0.8, 1.2));
    }

    [Fact]
    public void Judge_FlickerAndNoise_EarnNothing()
    {
        Random random = new(3);
        Assert.Equal(0, Judge(EveryFrame, Clip(6, 64, 64, static (f, y, x, c) => f % 2 == 0 ? -0.5f : 0.5f))[0]);
        Assert.Equal(0, Judge(EveryFrame, Clip(6, 64, 64, (f, y, x, c) => Disc(64, 0, 0)(f, y, x, c) * (f % 2 == 0 ? 0.6f : 1)))[0]);
        Assert.Equal(0, Judge(EveryFrame, Clip(6, 64, 64, (f, y, x, c) => Disc(64, 0, 0)(f, y, x, c) + (0.03f * (float)random.NextDouble())))[0]);
    }

    [Fact]
    public void Judge_FramesPerSecond_SetTheStride()
    {
        using CpuDevice device = new(1);
        using Pass pass = Pass.Inference(device);
        Tensor frames = Frames(pass, Clip(9, 64, 64, Disc(64, 2, 0)));
        Assert.Equal(8, EveryFrame.PairScores(frames, 0).Count);
        Assert.Equal(4, new MotionReward().PairScores(frames, 0).Count);
        Assert.All(new MotionReward().PairScores(frames, 0), static score => Assert.Equal(4, score, 0.1));
    }

    [Fact]
    public void Judge_SeveralClips_JudgesEachAlone()
    {
        (Shape Shape, float[] Values) still = Clip(3, 32, 32, Disc(32, 0, 0)), moving = Clip(3, 32, 32, Disc(32, 3, 0));
        using CpuDevice device = new(1);
        using Pass pass = Pass.Inference(device);
        Tensor both = pass.From<float>(still.Shape.With(0, 2), [.. still.Values, .. moving.Values]);
        Assert.Equal([0, Judge(EveryFrame, moving)[0]], EveryFrame.Judge(pass, both, ["", ""]));
        Assert.Equal([7.0, 7.0], new ConstantReward(7).Judge(pass, both, ["", ""]));
    }

    [Theory]
    [InlineData(1, 3, 1, 16, 16, "F above 1")]
    [InlineData(1, 4, 3, 16, 16, "[B, 3, F, H, W]")]
    [InlineData(1, 3, 3, 7, 16, "at least 8 x 8 pixels")]
    public void Judge_FramesDoNotFit_AreRefused(int batch, int colours, int frames, int height, int width, string expected)
    {
        using CpuDevice device = new(1);
        using Pass pass = Pass.Inference(device);
        Tensor given = pass.Zeros(new Shape(batch, colours, frames, height, width));
        Assert.Contains(expected, Assert.Throws<ArgumentException>(() => EveryFrame.Judge(pass, given, [""])).Message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<double> Judge(MotionReward reward, (Shape Shape, float[] Values) clip)
    {
        using CpuDevice device = new(1, checkMemory: true);
        using Pass pass = Pass.Inference(device);
        return reward.Judge(pass, Frames(pass, clip), [""]);
    }

    private static Tensor Frames(Pass pass, (Shape Shape, float[] Values) clip) => pass.From<float>(clip.Shape, clip.Values);

    private static (Shape Shape, float[] Values) Clip(int frames, int height, int width, Func<int, int, int, int, float> value)
    {
        var clip = new float[3 * frames * height * width];
        for (int i = 0; i < clip.Length; i++)
        {
            (int plane, int pixel) = Math.DivRem(i, height * width);
            clip[i] = value(plane % frames, pixel / width, pixel % width, plane / frames);
        }

        return (new Shape(1, 3, frames, height, width), clip);
    }

    // A disc with soft edges on a plain ground.
    private static Func<int, int, int, int, float> Disc(int size, double dx, double dy) => (f, y, x, c) =>
    {
        double across = x - ((size / 2.0) + (dx * (f - 2))), down = y - ((size / 2.0) + (dy * (f - 2)));
        double inside = Math.Clamp((size / 5.0) - Math.Sqrt((across * across) + (down * down)) + 0.5, 0, 1);
        return (float)(-0.4 + (inside * (c == 0 ? 1.2 : 0.5)));
    };

    // No two places look alike.
    private static float Texture(int y, int x, int c) => (Philox.Block((uint)(y + 100), (uint)(x + 100), (uint)c, 0, 5).R0 / (float)uint.MaxValue) - 0.5f;
}
