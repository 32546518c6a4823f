using System.Buffers.Binary;
using System.Text;
using RewardForcing.Native.Formats;
using Xunit;

namespace RewardForcing.Native.Tests.Formats;

public sealed class SafetensorsWriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public void Write_MixedTypes_StoresWideElementsFirstWithoutGaps()
    {
        string file = Path.Combine(_folder, "new", "m.safetensors");

        SafetensorsWriter.Write(file, [Tensor("a", ElementType.U8, [3], [1, 2, 3]), Tensor("b", ElementType.F32, [], [4, 5, 6, 7])], new Dictionary<string, string> { ["k"] = "v" });

        byte[] bytes = File.ReadAllBytes(file);
        int header = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        Assert.Equal(0, header % 8);
        Assert.Equal(
            """{"__metadata__":{"k":"v"},"b":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[3],"data_offsets":[4,7]}}""",
            Encoding.UTF8.GetString(bytes, 8, header).TrimEnd(' '));
        Assert.Equal([4, 5, 6, 7, 1, 2, 3], bytes[(8 + header)..]);
    }

    [Fact]
    public void Write_ContentTooLong_ThrowsAndLeavesNothing()
    {
        Assert.Throws<InvalidOperationException>(() =>
            SafetensorsWriter.Write(Path.Combine(_folder, "m.safetensors"), [Tensor("a", ElementType.U8, [1], [1, 2])]));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData("__metadata__", ElementType.U8, 1)]
    [InlineData("half-byte", ElementType.F4, 3)]
    [InlineData("negative", ElementType.U8, -1)]
    public void Write_ImpossibleTensor_IsRefusedByName(string name, ElementType type, long extent)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() =>
            SafetensorsWriter.Write(Path.Combine(_folder, "m.safetensors"), [Tensor(name, type, [extent], [])]));
        Assert.Contains(name, error.Message);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    private static WritableTensor Tensor(string name, ElementType type, long[] shape, byte[] content) =>
        new(name, type, shape, stream => stream.Write(content));
}
