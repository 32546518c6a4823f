using RewardForcing.Native.Formats;
using RewardForcing.Native.MiniatureWorld;
using Xunit;

namespace RewardForcing.Native.Tests.MiniatureWorld;

public sealed class VideoFolderTests : IDisposable
{
    private const int Frames = 12;
    private readonly string _folder = Directory.CreateTempSubdirectory("videos").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Videos_NumberedNames_AreInTheOrderOfTheirNumbers()
    {
        int[] numbers = [0, 1, 2, 9, 10, 11, 100];
        foreach (int number in numbers)
        {
            Write($"{number}-0", ScenePainter.Paint(Scene.Draw(0, number, SceneSplit.Train), 2));
        }

        Assert.Equal(numbers.Select(static number => $"{number}-0"), VideoFolder.Videos(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public void Read_Frames_AreWhatWasPainted()
    {
        byte[] painted = ScenePainter.Paint(Scene.Draw(2, 5, SceneSplit.Train), Frames);
        Write("clip", painted);
        Assert.Equal(painted, VideoFolder.Read(Assert.Single(VideoFolder.Videos(_folder))));
    }

    [Fact]
    public void WindowTable_ObjectThatStopsAndVanishes_SaysSo()
    {
        Scene scene = Scene.Draw(4, 2, SceneSplit.Train);
        scene = scene with { Step = 1, Text = scene.Text with { Bounces = false, Pan = null, Speed = SceneSpeed.Medium } };
        byte[] moving = ScenePainter.Paint(scene, Frames), first = moving[..SceneMask.FrameBytes];
        byte[] standing = [.. Enumerable.Repeat(first, Frames).SelectMany(static frame => frame)];
        byte[] empty = new byte[standing.Length];
        WindowTable table = new(Frames);
        table.Add(scene.Text, [.. moving, .. standing, .. empty]);
        Assert.Equal([1.0, 0, 0], table.Rows.Select(static row => row.Right));
        Assert.Equal(1, table.Rows[0].PixelsPerFrame, 0.1);
        Assert.Equal(0, table.Rows[1].PixelsPerFrame, 0.01);
        Assert.Equal(1, table.Rows[1].Likeness, 1e-6);
        Assert.InRange(table.Rows[0].Likeness, 0.1, 0.99);
        Assert.InRange(table.Drift, 10, 100);
        Assert.Throws<ArgumentException>(() => table.Add(scene.Text, moving));
    }

    private void Write(string name, byte[] rgb24)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        for (int frame = 0; frame * SceneMask.FrameBytes < rgb24.Length; frame++)
        {
            PngWriter.Write(Path.Combine(folder, $"{frame:D5}.png"), Scene.Size, Scene.Size, rgb24.AsSpan(frame * SceneMask.FrameBytes, SceneMask.FrameBytes));
        }
    }
}
