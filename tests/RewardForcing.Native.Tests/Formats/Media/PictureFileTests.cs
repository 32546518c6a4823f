using RewardForcing.Native.Formats;
using RewardForcing.Native.Testing;
using RewardForcing.Native.Testing.Files;
using Xunit;

namespace RewardForcing.Native.Tests.Formats.Media;

public sealed class PictureFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public static TheoryData<string, byte[]> Kinds => new()
    {
        { "jpeg_pipe", [0xFF, 0xD8, 0xFF, 0xE0, 0, 0] },
        { "webp_pipe", "RIFF\x10\0\0\0WEBPVP8 "u8.ToArray() },
        { "bmp_pipe", "BM\0\0\0\0"u8.ToArray() },
        { "gif", "GIF89a"u8.ToArray() },
        { "tiff_pipe", "II*\0\0\0"u8.ToArray() },
        { "tiff_pipe", "MM\0*\0\0"u8.ToArray() },
    };

    [Fact]
    public void Read_PngUnderAnyName_NeedsNoProgram()
    {
        string path = Path.Combine(_folder, "photo.jpg");
        PngWriter.Write(path, 4, 3, TestPicture.Make(4, 3));
        Assert.Equal(TestPicture.Make(4, 3), PictureFile.Read(path, Path.Combine(_folder, "no program")).Rgb24);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Read_OtherKind_GoesThroughFfmpegUnderTheKindItsContentShows(string demuxer, byte[] content)
    {
        string path = Path.Combine(_folder, "a picture");
        File.WriteAllBytes(path, content);
        string program = FakeProgram.Make(_folder, $"picture:{Fixtures.Path("golden/formats/video/frame_006.png")}");
        Picture picture = PictureFile.Read(path, program);
        Assert.Equal(PngReader.Read(Fixtures.Path("golden/formats/video/frame_006.png")).Rgb24, picture.Rgb24);
        string line = string.Join(' ', FakeProgram.Arguments(_folder));
        Assert.Contains($"-protocol_whitelist file -noautorotate -f {demuxer} -i file:{path} ", line);
    }

    [Fact]
    public void Read_ProgramFails_SaysWhyInOneSentence()
    {
        string path = Path.Combine(_folder, "broken.jpg");
        File.WriteAllBytes(path, [0xFF, 0xD8, 0xFF, 0xE0, 0, 0]);
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => PictureFile.Read(path, FakeProgram.Make(_folder, "picture:/no/such/file")));
        Assert.Contains("broken.jpg: is a JPEG that ffmpeg could not read", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("#EXTM3U\nhttp://example.org/")]
    [InlineData("text")]
    public void Read_NoPicture_SaysWhichKindsThereAre(string content)
    {
        string path = Path.Combine(_folder, "list.jpg");
        File.WriteAllText(path, content);
        Assert.Contains("expected PNG, JPEG, WebP", Assert.Throws<ModelFormatException>(() => PictureFile.Read(path)).Message);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
