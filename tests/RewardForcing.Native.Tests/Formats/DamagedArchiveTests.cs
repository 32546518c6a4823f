using System.Buffers.Binary;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Testing;
using Xunit;

namespace RewardForcing.Native.Tests.Formats;

public sealed class DamagedArchiveTests : IDisposable
{
    private const string Malformed = "golden/formats/malformed/";
    private readonly string _folder = Directory.CreateTempSubdirectory("rf-damaged-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Safetensors_CutAnywhere_IsRefused()
    {
        (string path, byte[] valid) = WriteSafetensors();
        Assert.Equal((0, valid.Length), Damage.Cut(path, valid, () => ReadSafetensors(path)));
    }

    [Fact]
    public void Safetensors_AnyBitFlipped_IsRefusedOrEveryByteOfTheDataBelongsToOneTensor()
    {
        (string path, byte[] valid) = WriteSafetensors();
        (int read, int refused) = Damage.Flip(path, valid, () => ReadSafetensors(path));
        Assert.True(read > 100 && refused > 100, $"{read} read, {refused} refused");
    }

    [Theory]
    [InlineData(Malformed + "P/valid_shared_strided.pt")]
    [InlineData(Malformed + "P/valid_ordereddict_param.pt")]
    public void Checkpoint_CutAnywhere_IsRefused(string fixture)
    {
        (string path, byte[] valid) = Copy(fixture);
        Assert.Equal((0, valid.Length), Damage.Cut(path, valid, () => ReadAll(path)));
    }

    [Theory]
    [InlineData(Malformed + "P/valid_shared_strided.pt", new byte[] { 1, 16, 128 })]
    [InlineData(Malformed + "P/valid_wrapped.pt", new byte[] { 1 })]
    [InlineData("golden/models/ckpt/pt/strided_shared.pt", new byte[] { 255 })]
    public void Checkpoint_AnyByteChanged_IsRefusedOrReadAsBefore(string fixture, byte[] masks)
    {
        (string path, byte[] valid) = Copy(fixture);
        string[] expected = ReadAll(path);
        (int read, int refused) = Damage.Flip(path, valid, () => Assert.Equal(expected, ReadAll(path)), masks);
        Assert.True(read > 50 && refused > 500, $"{read} read, {refused} refused");
    }

    [Theory]
    [InlineData("P/valid_shared_strided.pt", null)]
    [InlineData("P/valid_ordereddict_param.pt", new byte[] { 2, 64 })]
    public void Pickle_CutOrAnyBitFlipped_IsRefusedOrStaysInsideItsStorages(string fixture, byte[]? masks)
    {
        using MappedFile zip = MappedFile.Open(Fixtures.Path(Malformed + fixture));
        IReadOnlyDictionary<string, ZipRecord> records = ZipDirectory.Read(zip).Records;
        ZipRecord record = records.Values.Single(static record => record.Name.EndsWith("/data.pkl", StringComparison.Ordinal));
        byte[] valid = new byte[record.Length];
        zip.Read(record.Offset, valid);
        string path = Path.Combine(_folder, "data.pkl");
        Assert.Equal((0, valid.Length), Damage.Cut(path, valid, Walk));
        (int read, int refused) = Damage.Flip(path, valid, Walk, masks);
        Assert.True(read > 50 && refused > 200, $"{read} read, {refused} refused");

        void Walk()
        {
            PyTorchContent content = PyTorchContent.Walk(path, record.Name.Split('/')[0], records, PickleMachine.Read(path, record.Name, File.ReadAllBytes(path)));
            foreach (TensorEntry entry in content.Entries)
            {
                StoredTensor stored = content.Stored[entry.Name];
                long last = stored.Offset + entry.Shape.Zip(stored.Strides, static (extent, stride) => Math.Max(0, extent - 1) * stride).Sum() + (entry.ByteLength > 0 ? 1 : 0);
                Assert.InRange(last * entry.Type.Bits() / 8, 0, stored.Record.Length);
                Assert.InRange(entry.ByteLength, 0, 16 << 20);
            }
        }
    }

    [Theory]
    [InlineData("golden/models/ckpt/pt/strided_shared_legacy.pt")]
    [InlineData(Malformed + "P/legacy_format.pt")]
    public void LegacyCheckpoint_CutOrChangedAnywhere_IsRefused(string fixture)
    {
        (string path, byte[] valid) = Copy(fixture);
        Assert.Equal(0, Damage.Cut(path, valid[..Math.Min(500, valid.Length)], () => ReadAll(path)).Read);
        Assert.Equal(0, Damage.Flip(path, valid, () => ReadAll(path), [255], Enumerable.Range(0, Math.Min(500, valid.Length))).Read);
    }

    [Fact]
    public void Index_CutOrAnyBitFlipped_IsRefusedOrReadAsBefore()
    {
        foreach (string shard in Directory.GetFiles(Fixtures.Path(Malformed + "I/ok")))
        {
            File.Copy(shard, Path.Combine(_folder, Path.GetFileName(shard)));
        }

        string path = Path.Combine(_folder, "model.safetensors.index.json");
        byte[] valid = File.ReadAllBytes(path);
        string[] expected = ReadAll(path);
        Assert.Equal(0, Damage.Cut(path, valid, () => ReadAll(path)).Read);
        (int read, int refused) = Damage.Flip(path, valid, () => Assert.Equal(expected, ReadAll(path)));
        Assert.True(read > 10 && refused > 500, $"{read} read, {refused} refused");
    }

    // Name, type, extents and bytes of every tensor.
    private static string[] ReadAll(string path)
    {
        using TensorArchive archive = TensorArchive.Open(path);
        return [.. archive.Entries.Select(entry =>
        {
            using TensorBytes bytes = archive.Map(entry);
            Assert.Equal(entry.ByteLength, bytes.Length);
            Assert.Equal(0, bytes.Address % entry.Type.Alignment());
            return $"{entry.Name} {entry.Type} {Printable.Extents(entry.Shape)} {Convert.ToHexString(bytes.ToArray())}";
        })];
    }

    private static void ReadSafetensors(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        using TensorArchive archive = TensorArchive.Open(path);
        List<byte> data = [];
        foreach (TensorEntry entry in archive.Entries.OrderBy(static entry => entry.Offset).ThenBy(static entry => entry.ByteLength))
        {
            Assert.Equal(entry.ByteLength * 8, entry.Shape.Aggregate((long)entry.Type.Bits(), static (product, extent) => product * extent));
            using TensorBytes bytes = archive.Map(entry);
            data.AddRange(bytes.ToArray());
        }

        Assert.Equal(file[(8 + (int)BinaryPrimitives.ReadInt64LittleEndian(file))..], data);
    }

    private (string Path, byte[] Valid) WriteSafetensors()
    {
        string path = Path.Combine(_folder, "valid.safetensors");
        byte[] values = [.. Enumerable.Range(1, 40).Select(static i => (byte)i)];
        WritableTensor Tensor(string name, ElementType type, long[] shape, int bytes) => new(name, type, shape, stream => stream.Write(values, 0, bytes));
        SafetensorsWriter.Write(
            path,
            [Tensor("a.weight", ElementType.F32, [2, 3], 24), Tensor("b\u00e9", ElementType.BF16, [1, 5], 10), Tensor("c", ElementType.U8, [3], 3), Tensor("d", ElementType.I64, [], 8), Tensor("e", ElementType.F16, [0, 4], 0)],
            new Dictionary<string, string> { ["format"] = "pt" });
        ReadSafetensors(path);
        return (path, File.ReadAllBytes(path));
    }

    private (string Path, byte[] Valid) Copy(string fixture)
    {
        string path = Path.Combine(_folder, Path.GetFileName(fixture));
        byte[] valid = File.ReadAllBytes(Fixtures.Path(fixture));
        File.WriteAllBytes(path, valid);
        return (path, valid);
    }
}
