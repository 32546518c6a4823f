using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;
using Xunit;

namespace RewardForcing.Native.Tests.Training;

public sealed class ClipStoreTests : IDisposable
{
    private static readonly Shape _latents = new(3, 2, 2, 3);
    private readonly string _folder = Directory.CreateTempSubdirectory("rf-clips-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(ClipKind.Latents, ElementType.F32, new[] { 3, 2, 2, 3 })]
    [InlineData(ClipKind.Latents, ElementType.F16, new[] { 3, 2, 2, 3 })]
    [InlineData(ClipKind.Trajectories, ElementType.F16, new[] { 5, 1, 2, 2, 3 })]
    [InlineData(ClipKind.Videos, ElementType.U8, new[] { 2, 3, 4, 3 })]
    public void Append_SevenRowsInShardsOfThree_AreReadBackInAnyOrder(ClipKind kind, ElementType type, int[] extents)
    {
        Shape shape = new(extents);
        Clip[] clips = [.. Enumerable.Range(0, 7).Select(row => Make(row, shape))];
        using (ClipShardWriter writer = new(_folder, kind, shape, type, 3))
        {
            Array.ForEach(clips, writer.Append);
            Assert.Equal(6, writer.Written);
            writer.Flush();
            writer.Flush();
            Assert.Equal(7, writer.Written);
        }

        Assert.Equal(["clips-00000.safetensors", "clips-00001.safetensors", "clips-00002.safetensors"], Directory.GetFiles(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        using IClipStore store = ClipStores.Open(_folder);
        Assert.Equal((7, kind, shape), (store.Count, store.Kind, store.ClipShape));
        foreach (int row in new[] { 6, 0, 3, 5, 1, 4, 2, 6 })
        {
            Clip clip = store.Read(row);
            Assert.Equal(clips[row].Prompt, clip.Prompt);
            Assert.Equal(clips[row].Prompt, store.Prompt(row));
            Assert.Equal(shape, clip.Shape);
            Assert.Equal(clips[row].Values, clip.Values);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => store.Read(7));
    }

    [Fact]
    public void Read_MoreShardsThanStayOpen_GivesEveryRow()
    {
        Write(80, 1);
        using IClipStore store = ClipStores.Open(_folder);
        Parallel.For(0, 240, i => Assert.Equal(Make(i * 7 % 80, _latents).Values, store.Read(i * 7 % 80).Values));
    }

    [Fact]
    public void Writer_FolderWithShards_ContinuesItOnlyWithTheSame()
    {
        Write(4, 3, new() { ["seed"] = "1" });
        using (ClipShardWriter writer = New(3, new() { ["seed"] = "1" }))
        {
            Assert.Equal(4, writer.Written);
            writer.Append(Make(4, _latents));
            writer.Flush();
        }

        using (IClipStore store = ClipStores.Open(_folder))
        {
            Assert.Equal([0f, 1, 2, 3, 4], Enumerable.Range(0, 5).Select(row => store.Read(row).Values[0]));
            Assert.Equal("1", store.Notes["seed"]);
        }

        Assert.Contains("made with seed 1, expected 2 to continue", Refused(() => New(3, new() { ["seed"] = "2" })), StringComparison.Ordinal);
        Assert.Contains("made with seed 1, expected not given", Refused(() => New(3, [])), StringComparison.Ordinal);
        Assert.Contains("holds rows of [3, 2, 2, 3], expected [3, 2, 2, 4] to continue", Refused(() => new ClipShardWriter(_folder, ClipKind.Latents, new Shape(3, 2, 2, 4), ElementType.F32)), StringComparison.Ordinal);
        File.Move(Path.Combine(_folder, "clips-00001.safetensors"), Path.Combine(_folder, "clips-00007.safetensors"));
        Assert.Contains("clips-00002.safetensors: is not the next", Refused(() => New(3, new() { ["seed"] = "1" })), StringComparison.Ordinal);
    }

    [Fact]
    public void Writer_DisposedWithoutFlush_LeavesWholeFilesOnly()
    {
        Write(3, 2);
        using (ClipShardWriter writer = New(2, []))
        {
            writer.Append(Make(3, _latents));
        }

        using IClipStore store = ClipStores.Open(_folder);
        Assert.Equal(3, store.Count);
        Assert.Equal(2, Directory.GetFileSystemEntries(_folder).Length);
    }

    [Theory]
    [InlineData(float.NaN, ElementType.F32)]
    [InlineData(70000, ElementType.F16)]
    [InlineData(float.PositiveInfinity, ElementType.F16)]
    public void Append_ValueTheTypeCannotHold_IsRefused(float value, ElementType type)
    {
        using ClipShardWriter writer = new(_folder, ClipKind.Latents, _latents, type);
        Clip clip = Make(0, _latents);
        clip.Values[5] = value;
        Assert.Contains($"value 5 of a clip is {value}", Assert.Throws<ArgumentException>(() => writer.Append(clip)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => writer.Append(new Clip("", new Shape(36), new float[36])));
        writer.Flush();
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void Open_WhatIsNoStore_IsToldInASentence()
    {
        Assert.Contains("does not exist", Refused(() => ClipStores.Open(Path.Combine(_folder, "none"))), StringComparison.Ordinal);
        Assert.Contains("holds no training data", Refused(() => ClipStores.Open(_folder)), StringComparison.Ordinal);
        Tensor("latents", ElementType.U8, [1, 1, 1, 1, 4], """["a"]""");
        Assert.Contains("is stored as U8, expected F16 or F32", Refused(() => ClipStores.Open(_folder)), StringComparison.Ordinal);
        Tensor("latents", ElementType.F32, [1, 2, 2], """["a"]""");
        Assert.Contains("is [1, 2, 2], expected [N, F, C, H, W]", Refused(() => ClipStores.Open(_folder)), StringComparison.Ordinal);
        Tensor("latents", ElementType.F32, [0, 1, 2, 2, 1], "[]");
        Assert.Contains("at least one row", Refused(() => ClipStores.Open(_folder)), StringComparison.Ordinal);
        Tensor("videos", ElementType.U8, [1, 1, 1, 1, 4], """["a"]""");
        Assert.Contains("expected [N, F, H, W, 3]", Refused(() => ClipStores.Open(_folder)), StringComparison.Ordinal);
        Tensor("blocks.0.weight", ElementType.F32, [1], """["a"]""");
        Assert.Contains("must hold a tensor latents or a tensor videos, found blocks.0.weight", Refused(() => ClipStores.Open(_folder)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "has no prompts in its metadata, expected a JSON list of 1 texts")]
    [InlineData("""["a", "b"]""", "has 2 prompts in its metadata, expected 1")]
    [InlineData("""{"a": 1}""", "something else than a JSON list of texts")]
    [InlineData("""["a""", "something else than a JSON list of texts")]
    [InlineData("[1]", "something else than a JSON list of texts")]
    [InlineData("[null]", "something else than a JSON list of texts")]
    [InlineData("""["\ud800"]""", "something else than a JSON list of texts")]
    public void Open_OtherPrompts_AreRefused(string? prompts, string sentence)
    {
        Tensor("latents", ElementType.F32, [1, 1, 1, 1, 4], prompts);
        Assert.Contains(sentence, Refused(() => ClipStores.Open(_folder)), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_ShardsOfSeveralShapes_NamesTheOddOne()
    {
        Write(2, 2);
        using (ClipShardWriter other = new(Path.Combine(_folder, "other"), ClipKind.Latents, new Shape(3, 2, 2, 2), ElementType.F32))
        {
            other.Append(Make(0, new Shape(3, 2, 2, 2)));
            other.Flush();
        }

        File.Move(Path.Combine(_folder, "other", "clips-00000.safetensors"), Path.Combine(_folder, "more.safetensors"));
        Assert.Contains("more.safetensors: holds Latents of [3, 2, 2, 2], expected Latents of [3, 2, 2, 3]", Refused(() => ClipStores.Open(_folder)), StringComparison.Ordinal);
        using IClipStore one = ClipStores.Open(Path.Combine(_folder, "more.safetensors"));
        Assert.Equal(1, one.Count);
    }

    [Fact]
    public void Read_ValueNotFinite_NamesTheRow()
    {
        float[] values = [1, 2, 3, 4, 5, 6, float.NegativeInfinity, 8];
        SafetensorsWriter.Write(
            Path.Combine(_folder, "a.safetensors"),
            [new WritableTensor("latents", ElementType.F32, [2, 1, 1, 1, 4], stream => Array.ForEach(values, value => stream.Write(BitConverter.GetBytes(value))))],
            new Dictionary<string, string> { ["prompts"] = """["a", "b"]""" });
        using IClipStore store = ClipStores.Open(_folder);
        Assert.Equal([1, 2, 3, 4], store.Read(0).Values);
        Assert.Contains("row 1 of latents holds -Infinity at value 2", Refused(() => store.Read(1)), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ShardReplacedMeanwhile_IsRefused()
    {
        Write(40, 1);
        using IClipStore store = ClipStores.Open(_folder);
        File.Copy(Path.Combine(_folder, "clips-00001.safetensors"), Path.Combine(_folder, "clips-00000.safetensors"), overwrite: true);
        Assert.Contains("clips-00000.safetensors: has been replaced", Refused(() => store.Read(0)), StringComparison.Ordinal);
    }

    private static string Refused(Func<object> open) => Assert.Throws<ModelFormatException>(open).Message;

    // Small whole numbers: every type stores them exactly.
    private static Clip Make(int row, Shape shape) => new($"clip \"{row}\" ünd 色\\", shape, [.. Enumerable.Range(0, (int)shape.Count).Select(i => (float)((row + i) % 200))]);

    private ClipShardWriter New(int rows, Dictionary<string, string> notes) => new(_folder, ClipKind.Latents, _latents, ElementType.F32, rows, notes);

    private void Write(int rows, int rowsPerShard, Dictionary<string, string>? notes = null)
    {
        using ClipShardWriter writer = New(rowsPerShard, notes ?? []);
        for (int row = 0; row < rows; row++)
        {
            writer.Append(Make(row, _latents));
        }

        writer.Flush();
    }

    private void Tensor(string name, ElementType type, long[] shape, string? prompts) => SafetensorsWriter.Write(
        Path.Combine(_folder, "a.safetensors"),
        [new WritableTensor(name, type, shape, stream => stream.Write(new byte[shape.Aggregate(1L, static (count, extent) => count * extent) * type.Bits() / 8]))],
        prompts is null ? null : new Dictionary<string, string> { ["prompts"] = prompts });
}
