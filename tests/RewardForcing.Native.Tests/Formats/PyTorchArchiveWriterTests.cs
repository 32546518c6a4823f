using System.IO.Compression;
using System.Text;
using RewardForcing.Native.Formats;
using Xunit;

namespace RewardForcing.Native.Tests.Formats;

public sealed class PyTorchArchiveWriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public void Write_TwoTensors_StoresEachUncompressedWithItsBytes()
    {
        string file = Write(null, Tensor("a", ElementType.F32, [2], [0, 0, 128, 63, 0, 0, 0, 64]), Tensor("b.weight", ElementType.BF16, [1, 3], [1, 2, 3, 4, 5, 6]));

        using ZipArchive zip = ZipFile.OpenRead(file);
        Assert.Equal(["archive/data.pkl", "archive/byteorder", "archive/data/0", "archive/data/1", "archive/version"], zip.Entries.Select(entry => entry.FullName));
        Assert.All(zip.Entries, entry => Assert.Equal(entry.Length, entry.CompressedLength));
        Assert.Equal([0, 0, 128, 63, 0, 0, 0, 64], Content(zip, "archive/data/0"));
        Assert.Equal([1, 2, 3, 4, 5, 6], Content(zip, "archive/data/1"));
        Assert.Equal("3\n"u8.ToArray(), Content(zip, "archive/version"));
    }

    [Fact]
    public void Write_OneTensor_PicklesTheOpcodesThatTorchReads()
    {
        string file = Write("g", Tensor("a", ElementType.F16, [300, 2], new byte[1200]));

        using ZipArchive zip = ZipFile.OpenRead(file);
        const string Expected =
            "\u0080\u0002}(X\u0001\0\0\0g}(X\u0001\0\0\0actorch._utils\n_rebuild_tensor_v2\n((X\u0007\0\0\0storagectorch\nHalfStorage\n"
            + "X\u0001\0\0\00X\u0003\0\0\0cpuJ\u0058\u0002\0\0tQK\0(J\u002c\u0001\0\0K\u0002t(K\u0002K\u0001t\u0089ccollections\nOrderedDict\n)RtRuu.";
        Assert.Equal(Expected, Encoding.Latin1.GetString(Content(zip, "archive/data.pkl")));
    }

    [Fact]
    public void Write_AnyNameLength_StartsEveryStorageAtAMultipleOf64()
    {
        WritableTensor[] tensors = [.. Enumerable.Range(1, 70).Select(i => Tensor(new string('n', i), ElementType.U8, [4], [0xFE, 0xCA, 0xED, (byte)i]))];

        byte[] bytes = File.ReadAllBytes(Write(null, tensors));

        for (int i = 1; i <= tensors.Length; i++)
        {
            byte[] content = [0xFE, 0xCA, 0xED, (byte)i];
            Assert.Equal(0, bytes.AsSpan().IndexOf(content) % 64);
        }
    }

    [Fact]
    public void Write_ContentTooShort_ThrowsAndKeepsTheOlderFile()
    {
        string file = Write(null, Tensor("a", ElementType.U8, [1], [7]));
        byte[] before = File.ReadAllBytes(file);

        Assert.Throws<InvalidOperationException>(() => Write(null, Tensor("a", ElementType.U8, [2], [7])));

        Assert.Equal(before, File.ReadAllBytes(file));
        Assert.Equal([file], Directory.GetFiles(_folder));
    }

    [Fact]
    public void Write_TypeWithoutStorageOrNameTwice_IsRefusedByName()
    {
        Assert.Contains("x", Assert.Throws<ArgumentException>(() => Write(null, Tensor("x", ElementType.F8E4M3, [1], [0]))).Message);
        Assert.Contains("y", Assert.Throws<ArgumentException>(() => Write(null, Tensor("y", ElementType.U8, [1], [0]), Tensor("y", ElementType.U8, [1], [0]))).Message);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    private static WritableTensor Tensor(string name, ElementType type, long[] shape, byte[] content) =>
        new(name, type, shape, stream => stream.Write(content));

    private static byte[] Content(ZipArchive zip, string name)
    {
        using Stream stream = zip.GetEntry(name)!.Open();
        using MemoryStream copy = new();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    private string Write(string? group, params WritableTensor[] tensors)
    {
        string file = Path.Combine(_folder, "model.pt");
        PyTorchArchiveWriter.Write(file, tensors, group);
        return file;
    }
}
