using RewardForcing.Native.Formats;
using Xunit;

namespace RewardForcing.Native.Tests.Formats;

public sealed class ValueScanTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rf-scan-").FullName;

    public static TheoryData<ElementType, byte[], long, long> Cases => new()
    {
        { ElementType.F32, Bytes<float>([0, -1, float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, float.Epsilon, -float.NaN]), 2, 2 },
        { ElementType.F64, Bytes<double>([double.NaN, double.PositiveInfinity, double.MaxValue, -1e-320]), 1, 1 },
        { ElementType.F16, Bytes<Half>([Half.NaN, Half.NegativeInfinity, Half.MaxValue, Half.Epsilon, (Half)0]), 1, 1 },
        { ElementType.BF16, Bytes<ushort>([0x7FC0, 0xFFC1, 0x7F80, 0xFF80, 0x7F7F, 0x8000]), 2, 2 },
        { ElementType.F8E4M3, [0x7F, 0xFF, 0x7E, 0xFE, 0x00], 2, 0 },
        { ElementType.F8E5M2, [0x7C, 0xFC, 0x7D, 0xFF, 0x7B, 0x80], 2, 2 },
        { ElementType.I32, Bytes<int>([-1, int.MaxValue]), 0, 0 },
        { ElementType.Bool, [1, 0], 0, 0 },
        { ElementType.F32, [], 0, 0 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Count_OddValues_AreCountedByKind(ElementType type, byte[] bytes, long nan, long infinite)
    {
        using TensorArchive archive = Archive(type, bytes);
        Assert.Equal((nan, infinite), ValueScan.Count(archive, archive.Entries[0]));
    }

    // Larger than the pieces it is read in, one odd value in the last.
    [Fact]
    public void Count_LastValueOfALargeTensor_IsFound()
    {
        var values = new float[(1 << 19) + 3];
        values[^1] = float.NaN;
        using TensorArchive archive = Archive(ElementType.F32, Bytes<float>(values));
        Assert.Equal((1, 0), ValueScan.Count(archive, archive.Entries[0]));
        using CancellationTokenSource stopped = new();
        stopped.Cancel();
        Assert.Throws<OperationCanceledException>(() => ValueScan.Count(archive, archive.Entries[0], stopped.Token));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static byte[] Bytes<T>(T[] values)
        where T : unmanaged => System.Runtime.InteropServices.MemoryMarshal.AsBytes<T>(values).ToArray();

    private TensorArchive Archive(ElementType type, byte[] bytes)
    {
        string path = Path.Combine(_folder, $"{Guid.NewGuid():N}.safetensors");
        SafetensorsWriter.Write(path, [new WritableTensor("x", type, [bytes.Length * 8L / ElementTypes.Bits(type)], stream => stream.Write(bytes))]);
        return TensorArchive.Open(path);
    }
}
