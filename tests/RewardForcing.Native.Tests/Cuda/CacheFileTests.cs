using RewardForcing.Native.Cuda;
using Xunit;

namespace RewardForcing.Native.Tests.Cuda;

/// <summary>What is kept between runs, and the sentences that are made on failure only.</summary>
public sealed class CacheFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    [Fact]
    public void Write_ContentsFailHalfWay_LeavesTheOldFileAndNothingElse()
    {
        string path = Path.Combine(_folder, "kept");
        CacheFile.Write(path, static stream => stream.WriteByte(1));
        Assert.Throws<IOException>(() => CacheFile.Write(path, static stream =>
        {
            stream.WriteByte(2);
            throw new IOException("the disk is full");
        }));
        Assert.Equal([1], File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFiles(_folder));
    }

    [Fact]
    public void TryWrite_FolderIsAFile_SaysNothing()
    {
        string path = Path.Combine(_folder, "file");
        File.WriteAllText(path, "in the way");
        CacheFile.TryWrite(Path.Combine(path, "kept"), static stream => stream.WriteByte(1));
        Assert.Equal([path], Directory.GetFiles(_folder));
    }

    [Fact]
    public void Timings_KeptNumber_IsFoundByAnotherRunAndNotInADamagedFile()
    {
        new ProductTimings(_folder).Keep("a product", -1);
        Assert.Equal(-1, new ProductTimings(_folder).Find("a product"));
        Assert.Null(new ProductTimings(_folder).Find("another product"));
        File.WriteAllText(Directory.GetFiles(_folder).Single(), "a product\nx\n");
        Assert.Null(new ProductTimings(_folder).Find("a product"));
    }

    [Theory]
    [InlineData(CuResult.Success, "", 0)]
    [InlineData(CuResult.InvalidValue, "Copying 1234 bytes.", 1)]
    public void FailureText_Parts_AreEvaluatedForFailuresOnly(CuResult result, string expected, int evaluations)
    {
        int evaluated = 0;
        int Bytes()
        {
            evaluated++;
            return 1234;
        }

        FailureText text = new(15, 1, result, out bool isWanted);
        if (isWanted)
        {
            text.AppendLiteral("Copying ");
            text.AppendFormatted(Bytes(), "0");
            text.AppendLiteral(" bytes.");
        }

        Assert.Equal(expected, text.ToString());
        Assert.Equal(evaluations, evaluated);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
