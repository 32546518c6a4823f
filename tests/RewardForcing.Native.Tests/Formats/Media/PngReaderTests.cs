using System.Security.Cryptography;
using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Testing;
using Xunit;

namespace RewardForcing.Native.Tests.Formats.Media;

public sealed class PngReaderTests
{
    private const string Golden = "golden/formats/video/";

    public static TheoryData<int, int, bool> Kinds
    {
        get
        {
            TheoryData<int, int, bool> kinds = [];
            foreach ((int type, int[] depths) in new (int, int[])[] { (0, [1, 2, 4, 8, 16]), (2, [8, 16]), (3, [1, 2, 4, 8]), (4, [8, 16]), (6, [8, 16]) })
            {
                foreach (int depth in depths)
                {
                    kinds.Add(type, depth, false);
                    kinds.Add(type, depth, true);
                }
            }

            return kinds;
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Decode_EveryColourTypeDepthAndInterlace_GivesItsColours(int type, int depth, bool interlaced)
    {
        foreach ((int width, int height) in new[] { (1, 1), (2, 3), (4, 4), (5, 9), (8, 8), (37, 21), (3, 40) })
        {
            PngMaker maker = new(width, height, type, depth, interlaced, width);
            Picture picture = PngReader.Decode(maker.File(), "made.png");
            Assert.Equal((width, height), (picture.Width, picture.Height));
            Assert.Equal(maker.Rgb24(), picture.Rgb24);
        }
    }

    [Theory]
    [InlineData("frame_000.png", 0)]
    [InlineData("frame_001.png", 1)]
    [InlineData("frame_006.png", 6)]
    [InlineData("frame_011.png", 11)]
    [InlineData("frame16bit.png", 0)]
    public void Read_ReferenceFrame_IsExactlyTheSourceFrame(string file, int frame)
    {
        Picture picture = PngReader.Read(Fixtures.Path(Golden + file));
        using TensorArchive source = TensorArchive.Open(Fixtures.Path(Golden + "source_frames.safetensors"));
        Assert.True(source.TryGet("frames", out TensorEntry? frames));
        Assert.Equal([picture.Height, picture.Width, 3], frames.Shape[1..]);
        using TensorBytes bytes = source.Map(frames);
        Assert.Equal(bytes.ToArray().AsSpan(frame * picture.Rgb24.Length, picture.Rgb24.Length).ToArray(), picture.Rgb24);
    }

    [Fact]
    public void Read_ReferenceGreyPicture_HasTheChecksumOfItsPlane()
    {
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(Fixtures.Path(Golden + "expected.json")));
        JsonElement grey = expected.RootElement.GetProperty("files").GetProperty("gray.png");
        Picture picture = PngReader.Read(Fixtures.Path(Golden + "gray.png"));
        byte[] plane = [.. picture.Rgb24.Where((_, i) => i % 3 == 0)];
        Assert.Equal(grey.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(plane)));
        Assert.All(Enumerable.Range(0, picture.Rgb24.Length), i => Assert.Equal(plane[i / 3], picture.Rgb24[i]));
    }

    [Fact]
    public void Decode_BytesAfterTheEnd_AreIgnored()
    {
        PngMaker maker = new(5, 5, 2, 8, false);
        Assert.Equal(maker.Rgb24(), PngReader.Decode([.. maker.File(), 1, 2, 3], "made.png").Rgb24);
    }

    [Fact]
    public void Read_NoSuchFile_SaysSo()
    {
        Assert.Contains("does not exist", Assert.Throws<ModelFormatException>(() => PngReader.Read("/no/such/picture.png")).Message);
    }
}
