using System.Text;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Testing;
using RewardForcing.Native.Testing.Files;
using Xunit;

namespace RewardForcing.Native.Tests.Formats.Media;

public sealed class VideoFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public static TheoryData<string, byte[]> Kinds => new()
    {
        { "mov", "\0\0\0\u0018ftypisom\0\0\0\0"u8.ToArray() },
        { "matroska", [0x1A, 0x45, 0xDF, 0xA3, 0, 0] },
        { "avi", "RIFF\u0010\0\0\0AVI LIST"u8.ToArray() },
        { "gif", "GIF89a"u8.ToArray() },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Read_KnownKind_GivesTheFramesFfmpegMakesOfThatKindAlone(string demuxer, byte[] content)
    {
        string path = Video(content);
        Picture[] frames = [.. VideoFile.Read(path, Program(Frame(2, 1, 10), Frame(2, 1, 77)), 16)];
        Assert.Equal([10, 77], frames.Select(static frame => (int)frame.Rgb24[5]));
        Assert.All(frames, static frame => Assert.Equal((2, 1, 6), (frame.Width, frame.Height, frame.Rgb24.Length)));
        string line = string.Join(' ', FakeProgram.Arguments(_folder));
        Assert.Contains($"-protocol_whitelist file -f {demuxer} -i file:{path} ", line);
        Assert.Contains("-vf fps=16 ", line);
        Assert.True(VideoFile.IsVideo(path));
    }

    [Fact]
    public void Read_WhatWasWritten_ComesBack()
    {
        // APNG needs ffmpeg to be read; `build.sh test` says when there is none, and the message is what is tested then.
        string path = Path.Combine(_folder, "clip.apng");
        byte[][] frames = [TestPicture.Make(6, 4), [.. TestPicture.Make(6, 4).Reverse()], TestPicture.Make(6, 4)];
        using (VideoWriter writer = VideoWriter.Open(path, VideoFormat.Apng, 6, 4, 16))
        {
            foreach (byte[] frame in frames)
            {
                writer.Append(frame);
            }

            writer.Complete();
        }

        if (FfmpegFinder.Find(null) is null)
        {
            Assert.Contains("needs ffmpeg", Assert.Throws<ModelFormatException>(() => VideoFile.Read(path)).Message);
        }
        else
        {
            Assert.Equal(frames, VideoFile.Read(path).Select(static frame => frame.Rgb24));
            Assert.Equal(6, VideoFile.Read(path, fps: 32).Count());
        }
    }

    [Fact]
    public void Read_StreamEndsInsideAFrame_SaysSo()
    {
        string program = Program(Frame(2, 1, 10), Frame(2, 1, 77)[..^2]);
        Assert.Single(VideoFile.Read(Video("GIF89a"u8), program));
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => VideoFile.Read(Video("GIF89a"u8), Program(Frame(2, 1, 9)[..^2])).Count());
        Assert.Contains("found no frame in it after 0 frames", error.Message);
    }

    [Theory]
    [InlineData("P6 100000 100000 255\n", "has frames of 100000 x 100000")]
    [InlineData("P6 99999999999 1 255\n", "is no frame")]
    [InlineData("P6 -2 1 255\n", "is no frame")]
    [InlineData("P6 2 1 65535\n", "is no frame")]
    [InlineData("P5 2 1 255\n", "is no frame")]
    public void Read_ImpossibleFrame_IsRefusedBeforeMemoryIsTaken(string header, string reason)
    {
        string program = Program(Encoding.ASCII.GetBytes(header));
        Assert.Contains(reason, Assert.Throws<ModelFormatException>(() => VideoFile.Read(Video("GIF89a"u8), program).Count()).Message);
    }

    [Fact]
    public void Read_ProgramFails_SaysWhyInOneSentence()
    {
        string path = Video("GIF89a"u8);
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => VideoFile.Read(path, FakeProgram.Make(_folder, "picture:/no/such/file")).Count());
        Assert.Contains($"{path}: could not be read by ffmpeg: it stopped with exit code", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Read_DamagedVideo_IsRefusedAndNotCutShort()
    {
        byte[] bytes = File.ReadAllBytes(Fixtures.Path("golden/formats/video/h264_baseline_crf23.mp4"));
        string reason = FfmpegFinder.Find(null) is null ? "needs ffmpeg" : "could not be read by ffmpeg";
        Assert.Contains(reason, Assert.Throws<ModelFormatException>(() => VideoFile.Read(Video(bytes.AsSpan(0, bytes.Length / 3))).Count()).Message);
    }

    [Theory]
    [InlineData("#EXTM3U\nhttp://example.org/")]
    [InlineData("ffconcat version 1.0\nfile /etc/passwd")]
    [InlineData("short")]
    public void Read_NoVideo_SaysWhichKindsThereAre(string content)
    {
        string path = Video(Encoding.ASCII.GetBytes(content));
        Assert.False(VideoFile.IsVideo(path));
        Assert.Contains("expected MP4, MOV", Assert.Throws<ModelFormatException>(() => VideoFile.Read(path)).Message);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static byte[] Frame(int width, int height, byte value) =>
        [.. Encoding.ASCII.GetBytes($"P6\n{width} {height}\n255\n"), .. Enumerable.Repeat(value, width * height * 3)];

    private string Video(ReadOnlySpan<byte> content)
    {
        string path = Path.Combine(_folder, "clip");
        File.WriteAllBytes(path, content);
        return path;
    }

    private string Program(params byte[][] frames)
    {
        string path = Path.Combine(_folder, "frames.ppm");
        File.WriteAllBytes(path, [.. frames.SelectMany(static frame => frame)]);
        return FakeProgram.Make(_folder, $"picture:{path}");
    }
}
