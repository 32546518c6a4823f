using System.Buffers.Binary;
using System.Text;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Testing;
using RewardForcing.Native.Testing.Files;
using Xunit;

namespace RewardForcing.Native.Tests.Formats;

/// <summary>Where files may lie, how large they may be and what may lie there instead of them.</summary>
public sealed class ArchivePlaceTests : IDisposable
{
    private const string Sharded = "golden/models/ckpt/diffusers/transformer";
    private readonly string _folder = Directory.CreateTempSubdirectory("rf-place-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Open_CacheOfTheHub_FollowsItsLinksToTheBlobs(bool isFolderALink)
    {
        string repository = Path.Combine(_folder, "hub", "models--Wan-AI--Wan2.1");
        string blobs = Directory.CreateDirectory(Path.Combine(repository, "blobs")).FullName;
        string snapshot = Path.Combine(repository, "snapshots", "0fad780a534b6463e45facd96134c9f345acfa5b");
        string folder = Directory.CreateDirectory(Path.Combine(snapshot, "transformer")).FullName;
        foreach ((int number, string file) in Directory.GetFiles(Fixtures.Path(Sharded)).Index())
        {
            File.Copy(file, Path.Combine(blobs, $"{number}abc"));
            File.CreateSymbolicLink(Path.Combine(folder, Path.GetFileName(file)), Path.Combine("..", "..", "..", "blobs", $"{number}abc"));
        }

        if (isFolderALink)
        {
            string link = Path.Combine(_folder, "wan");
            Directory.CreateSymbolicLink(link, snapshot);
            folder = Path.Combine(link, "transformer");
        }

        using TensorArchive archive = TensorArchive.Open(folder);
        using TensorArchive expected = TensorArchive.Open(Fixtures.Path(Sharded));
        Assert.Equal(expected.Entries.Select(static entry => entry.Name), archive.Entries.Select(static entry => entry.Name));
        Assert.Equal(TensorValues.Read(expected, "proj_out.bias"), TensorValues.Read(archive, "proj_out.bias"));
    }

    [Theory]
    [InlineData("\u043c\u043e\u0434\u0435\u043b\u044c \u6a21\u578b \u00fc\U0001F98A.safetensors")]
    [InlineData("with 'quotes' and \"more\", #, % and \\.safetensors")]
    [InlineData("-dash.safetensors")]
    public void Open_NameOfAnyLetters_IsRead(string name)
    {
        string path = Path.Combine(_folder, OperatingSystem.IsWindows() ? name.Replace('"', '\'').Replace('\\', '!') : name);
        Write(path);
        File.SetAttributes(path, FileAttributes.ReadOnly);
        using (TensorArchive archive = TensorArchive.Open(path))
        {
            Assert.Equal([1.5], TensorValues.Read(archive, "a"));
        }

        File.SetAttributes(path, FileAttributes.Normal);
    }

    [Theory]
    [InlineData("part/one.safetensors", true)]
    [InlineData("part\\one.safetensors", true)]
    [InlineData("C:one.safetensors", true)]
    [InlineData("..", true)]
    [InlineData("one.safetensors", false)]
    public void Open_IndexThatNamesAFileElsewhere_IsRefused(string shard, bool isRefused)
    {
        Write(Path.Combine(_folder, "one.safetensors"));
        Write(Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "part")).FullName, "one.safetensors"));
        string index = Path.Combine(_folder, "model.safetensors.index.json");
        File.WriteAllText(index, $$"""{ "weight_map": { "a": "{{shard.Replace("\\", "\\\\", StringComparison.Ordinal)}}" } }""");
        if (isRefused)
        {
            Assert.Contains("the plain name of a file", Assert.Throws<ModelFormatException>(() => TensorArchive.Open(index)).Message, StringComparison.Ordinal);
            return;
        }

        using TensorArchive archive = TensorArchive.Open(_folder);
        Assert.Equal([1.5], TensorValues.Read(archive, "a"));
    }

    [Fact]
    public void Open_IndexOfCheckpointShards_GathersThem()
    {
        foreach (string name in new[] { "a", "b" })
        {
            PyTorchArchiveWriter.Write(Path.Combine(_folder, $"pytorch_model-{name}.bin"), [new WritableTensor(name, ElementType.F32, [1], static stream => stream.Write(BitConverter.GetBytes(2.5f)))]);
        }

        File.WriteAllText(Path.Combine(_folder, "pytorch_model.bin.index.json"), """{ "metadata": { "total_size": 8 }, "weight_map": { "a": "pytorch_model-a.bin", "b": "pytorch_model-b.bin" } }""");
        using TensorArchive archive = TensorArchive.Open(_folder);
        Assert.Equal("pytorch-zip, sharded", archive.Format);
        Assert.Empty(archive.Warnings);
        Assert.Equal([2.5], TensorValues.Read(archive, "b"));
    }

    [Fact]
    public void Open_IndexThatNamesItself_IsRefused()
    {
        string index = Path.Combine(_folder, "model.safetensors.index.json");
        File.WriteAllText(index, """{ "weight_map": { "a": "model.safetensors.index.json" } }""");
        Assert.Contains("neither a safetensors file", Assert.Throws<ModelFormatException>(() => TensorArchive.Open(index)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_TensorsBeyondFourGibibytes_AreMappedAtTheirPlace()
    {
        string path = Path.Combine(_folder, "large.safetensors");
        const long Large = 5L << 30;
        byte[] header = Encoding.ASCII.GetBytes($$$"""{"large":{"dtype":"U8","shape":[5,1073741824],"data_offsets":[0,{{{Large}}}]},"last":{"dtype":"F32","shape":[2],"data_offsets":[{{{Large}}},{{{Large + 8}}}]}}""".PadRight(192));
        using (FileStream stream = File.Create(path))
        {
            stream.Write(BitConverter.GetBytes((long)header.Length));
            stream.Write(header);
            stream.Position = 8 + header.Length + (3L << 30);
            stream.WriteByte(42);
            stream.Position = 8 + header.Length + Large;
            stream.Write([.. BitConverter.GetBytes(1.25f), .. BitConverter.GetBytes(-2f)]);
        }

        using TensorArchive archive = TensorArchive.Open(path);
        Assert.Equal([1.25, -2], TensorValues.Read(archive, "last"));
        Assert.True(archive.TryGet("large", out TensorEntry? entry));
        using TensorBytes bytes = archive.Map(entry);
        byte[] found = new byte[3];
        bytes.CopyTo((3L << 30) - 1, found);
        Assert.Equal([0, 42, 0], found);
    }

    [Fact]
    public void Write_MoreTensorsThanASmallZipCanCount_AreReadBack()
    {
        string path = Path.Combine(_folder, "many.pt");
        const int Count = 70_000;
        PyTorchArchiveWriter.Write(path, [.. Enumerable.Range(0, Count).Select(static i => new WritableTensor($"t{i}", ElementType.I32, [1], stream => stream.Write(BitConverter.GetBytes(i))))]);
        Assert.Equal(0x07064B50u, BinaryPrimitives.ReadUInt32LittleEndian(File.ReadAllBytes(path).AsSpan()[^42..]));
        using TensorArchive archive = TensorArchive.Open(path);
        Assert.Equal(Count, archive.Entries.Count);
        Assert.Equal([69_999], TensorValues.Read(archive, "t69999"));
    }

    [Theory]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 5676070424\n", "a pointer of Git LFS")]
    [InlineData("\n<!DOCTYPE html>\n<html><head><title>Sign in</title>", "a web page")]
    [InlineData("<HTML><body>404</body></html>", "a web page")]
    public void Open_WhatADownloadLeft_IsToldAsSuchByEveryReader(string content, string reason)
    {
        foreach (string name in new[] { "model.safetensors", "model.pt", "model.safetensors.index.json", "config.json", "tokenizer.json", "spiece.model" })
        {
            string path = Path.Combine(_folder, name);
            File.WriteAllText(path, content);
            Action read = name switch
            {
                "config.json" => () => JsonPart.ReadFile(path),
                "tokenizer.json" or "spiece.model" => () => UnigramTokenizer.Open(path),
                _ => () => TensorArchive.Open(path).Dispose(),
            };
            string message = Assert.Throws<ModelFormatException>(read).Message;
            Assert.Contains(reason, message, StringComparison.Ordinal);
            Assert.Contains(name, message, StringComparison.Ordinal);
        }
    }

    private static void Write(string path) =>
        SafetensorsWriter.Write(path, [new WritableTensor("a", ElementType.F32, [1], static stream => stream.Write(BitConverter.GetBytes(1.5f)))]);
}
