using RewardForcing.Native.Formats;
using Xunit;

namespace RewardForcing.Native.Tests.Formats;

public sealed class WholeFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rf-whole-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData('x', 250)]
    [InlineData('\u6a21', 83)]
    public void Write_LongestNameOfTheFileSystem_Works(char letter, int count)
    {
        string path = Path.Combine(_folder, new string(letter, count) + ".png");
        WholeFile.Write(path, static stream => stream.Write("whole"u8));
        Assert.Equal([path], Directory.GetFiles(_folder));
        Assert.Equal("whole", File.ReadAllText(path));
    }

    [Fact]
    public void Write_LongNameThatWasBegunBefore_RemovesWhatIsLeft()
    {
        string path = Path.Combine(_folder, new string('x', 240));
        File.WriteAllText(PartialFile.TemporaryName(path), "left by a process that was killed");
        WholeFile.Write(path, static stream => stream.Write("whole"u8));
        Assert.Equal([path], Directory.GetFiles(_folder));
    }

    [Fact]
    public void Write_NameTooLong_SaysSo()
    {
        string path = Path.Combine(_folder, new string('x', 300));
        Assert.Equal($"{path}: could not be written: its name is too long.", Assert.Throws<IOException>(() => WholeFile.Write(path, static stream => stream.Write("whole"u8))).Message);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void Write_WriterFails_ItsOwnErrorComesOutAndNothingIsLeft()
    {
        string path = Path.Combine(_folder, "file");
        Assert.Throws<InvalidOperationException>(() => WholeFile.Write(path, static stream =>
        {
            stream.Write("half"u8);
            throw new InvalidOperationException("no more");
        }));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void Write_NameOfAFolder_SaysSo()
    {
        Assert.Equal($"{_folder}: expected the name of a file to write, found a folder.", Assert.Throws<IOException>(() => WholeFile.Write(_folder, static _ => { })).Message);
    }
}
