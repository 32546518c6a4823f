using RewardForcing.Native.MiniatureWorld;
using Xunit;

namespace RewardForcing.Native.Tests.MiniatureWorld;

public class SceneJudgeTests
{
    private const int Frames = 45;

    [Fact]
    public void Look_HeldOutClips_IsRight()
    {
        JudgeTable table = Judge(120, static pixels => pixels);
        Assert.InRange(table.Accuracy(Verdict.PromptFollowed), 0.99, 1);
        Assert.InRange(table.Accuracy("speed"), 0.99, 1);
        Assert.InRange(table.Accuracy("field"), 0.99, 1);
        Assert.InRange(table.Accuracy("pan"), 0.99, 1);
    }

    [Fact]
    public void Look_BlurAndNoise_IsStillRight()
    {
        JudgeTable table = Judge(60, static pixels => Noisy(Blurred(pixels)));
        Assert.InRange(table.Accuracy(Verdict.PromptFollowed), 0.98, 1);
        Assert.InRange(table.Accuracy("speed"), 0.98, 1);
        Assert.InRange(table.Accuracy("field"), 0.98, 1);
    }

    [Fact]
    public void Look_EmptyField_FindsNoObject()
    {
        byte[] pixels = new byte[Frames * SceneMask.FrameBytes];
        pixels.AsSpan().Fill(92);
        Verdict verdict = SceneJudge.Look(pixels);
        Assert.Null(verdict.Shape);
        Assert.Null(verdict.Direction);
        Assert.Equal("gray", verdict.Field.Name);
        Assert.DoesNotContain(verdict.Compare(Scene.Draw(0, 0, SceneSplit.Train).Text), static part => part is { Attribute: "shape" or "colour" or "direction" or "speed" or "all", IsRight: true });
    }

    [Fact]
    public void Look_StandingObject_HasNoDirection()
    {
        byte[] one = ScenePainter.Paint(Scene.Draw(0, 3, SceneSplit.Train), 1);
        Verdict verdict = SceneJudge.Look([.. Enumerable.Repeat(one, 20).SelectMany(static frame => frame)]);
        Assert.NotNull(verdict.Shape);
        Assert.Null(verdict.Direction);
    }

    [Fact]
    public void Look_ReversedClip_GoesTheOtherWay()
    {
        Scene scene = Scene.Draw(3, 1, SceneSplit.Train);
        scene = scene with { Text = scene.Text with { Direction = SceneDirection.Left, Bounces = false } };
        byte[] pixels = ScenePainter.Paint(scene, Frames);
        byte[] reversed = [.. pixels.Chunk(SceneMask.FrameBytes).Reverse().SelectMany(static frame => frame)];
        Assert.Equal(SceneDirection.Left, SceneJudge.Look(pixels).Direction);
        Assert.Equal(SceneDirection.Right, SceneJudge.Look(reversed).Direction);
    }

    [Fact]
    public void Look_Bounce_IsSeen()
    {
        Scene scene = new(new SceneText(SceneShape.Square, SceneColour.Objects[2], SceneColour.Fields[1], SceneDirection.Up, SceneSpeed.Fast, Bounces: true), 9, 2, 32, 30);
        Verdict verdict = SceneJudge.Look(ScenePainter.Paint(scene, Frames));
        Assert.True(verdict.Bounces);
        Assert.Equal(SceneDirection.Up, verdict.Direction);
        Assert.False(SceneJudge.Look(ScenePainter.Paint(scene with { Text = scene.Text with { Bounces = false } }, Frames)).Bounces);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(64 * 64 * 3)]
    [InlineData((2 * 64 * 64 * 3) + 1)]
    public void Look_NoTwoWholeFrames_Throws(int bytes) => Assert.Throws<ArgumentException>(() => SceneJudge.Look(new byte[bytes]));

    private static JudgeTable Judge(int count, Func<byte[], byte[]> change)
    {
        JudgeTable table = new();
        for (int i = 0; i < count; i++)
        {
            Scene scene = Scene.Draw(11, i, SceneSplit.HeldOut);
            table.Add(scene.Text, SceneJudge.Look(change(ScenePainter.Paint(scene, Frames))));
        }

        return table;
    }

    // A box of three by three pixels.
    private static byte[] Blurred(byte[] pixels)
    {
        byte[] blurred = new byte[pixels.Length];
        for (int i = 0; i < pixels.Length; i++)
        {
            int at = i % SceneMask.FrameBytes, frame = i - at, channel = at % 3, x = at / 3 % Scene.Size, y = at / 3 / Scene.Size, sum = 0;
            for (int j = 0; j < 9; j++)
            {
                int row = Math.Clamp(y + (j / 3) - 1, 0, Scene.Size - 1), column = Math.Clamp(x + (j % 3) - 1, 0, Scene.Size - 1);
                sum += pixels[frame + (((row * Scene.Size) + column) * 3) + channel];
            }

            blurred[i] = (byte)(sum / 9);
        }

        return blurred;
    }

    private static byte[] Noisy(byte[] pixels)
    {
        Random random = new(1);
        return Array.ConvertAll(pixels, value => (byte)Math.Clamp(value + random.Next(-12, 13), 0, 255));
    }
}
