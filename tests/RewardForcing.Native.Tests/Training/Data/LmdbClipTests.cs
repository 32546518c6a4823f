using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing;
using RewardForcing.Native.Training;
using Xunit;

namespace RewardForcing.Native.Tests.Training;

/// <summary>Environments in <c>fixtures/lmdb</c> were written by python-lmdb as the reference's scripts do.</summary>
public sealed class LmdbClipTests : IDisposable
{
    private static readonly Shape _shape = new(2, 1, 2, 2, 2);
    private readonly string _folder = Directory.CreateTempSubdirectory("rf-lmdb-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [LmdbFact]
    public void Read_ReferenceEnvironments_GiveTheirRowsExactly()
    {
        foreach (string name in new[] { "ode_single", "with_freelist" })
        {
            JsonElement expected = Expected(name);
            using IClipStore store = ClipStores.Open(Fixtures.Path("lmdb/" + name));
            Assert.Equal(expected.GetProperty("shape").EnumerateArray().Select(static extent => extent.GetInt32()), [store.Count, .. store.ClipShape.ToArray()]);
            Assert.Equal(ClipKind.Trajectories, store.Kind);
            int row = 0;
            foreach (JsonElement one in expected.GetProperty("rows").EnumerateArray())
            {
                Same(one, store.Read(row++));
            }

            Assert.Equal(store.Count, row);
        }
    }

    [LmdbFact]
    public void Read_FolderOfEnvironments_JoinsThemInTheOrderOfTheirNames()
    {
        JsonElement expected = Expected("sharded");
        using IClipStore store = ClipStores.Open(Fixtures.Path("lmdb/sharded"));
        Assert.Equal((expected.GetProperty("total").GetInt32(), ClipKind.Latents, new Shape(4, 16, 2, 2)), (store.Count, store.Kind, store.ClipShape));
        foreach (JsonElement one in expected.GetProperty("rows").EnumerateArray())
        {
            Same(one, store.Read(one.GetProperty("global_index").GetInt32()));
        }

        using IClipStore first = ClipStores.Open(Fixtures.Path("lmdb/sharded"), 5);
        Assert.Equal(5, first.Count);
        Assert.Equal(store.Prompt(4), first.Prompt(4));
        Assert.Throws<ArgumentOutOfRangeException>(() => first.Read(5));
    }

    [LmdbFact]
    public void Open_DamagedEnvironments_AreRefusedByName()
    {
        Assert.Contains("is cut short or damaged", Refused(Fixtures.Path("lmdb/bad_truncated")), StringComparison.Ordinal);
        Assert.Contains("latents_shape", Refused(Fixtures.Path("lmdb/bad_shape")), StringComparison.Ordinal);
        string file = Path.Combine(_folder, "data.mdb");
        File.WriteAllBytes(file, new byte[100]);
        Assert.Contains("cannot be opened as an LMDB environment", Refused(_folder), StringComparison.Ordinal);
        File.WriteAllBytes(file, new byte[100_000]);
        Assert.Contains("cannot be opened as an LMDB environment", Refused(_folder), StringComparison.Ordinal);
        Assert.Contains("expected the folder", Refused(file), StringComparison.Ordinal);
    }

    [LmdbFact]
    public void Open_EveryLengthOfACutFile_IsRefusedOrReadsWell()
    {
        byte[] whole = File.ReadAllBytes(Fixtures.Path("lmdb/ode_single/data.mdb"));
        for (int length = 1000; length < whole.Length; length += 9377)
        {
            File.WriteAllBytes(Path.Combine(_folder, "data.mdb"), whole[..length]);
            Assert.NotEmpty(Refused(_folder));
        }
    }

    [LmdbFact]
    public void Writer_Rows_AreReadBackAndContinued()
    {
        Dictionary<string, string> notes = new() { ["seed"] = "7" };
        using (LmdbClipWriter writer = new(_folder, _shape, notes))
        {
            writer.Append(Make(0));
            writer.Append(Make(1));
            writer.Flush();
            writer.Append(Make(2));
            Assert.Equal(2, writer.Written);
        }

        using (LmdbClipWriter writer = new(_folder, _shape, notes))
        {
            Assert.Equal(2, writer.Written);
            writer.Append(Make(2));
            writer.Flush();
            writer.Flush();
        }

        using IClipStore store = ClipStores.Open(_folder);
        Assert.Equal((3, ClipKind.Trajectories, _shape), (store.Count, store.Kind, store.ClipShape));
        Assert.Equal("7", store.Notes["seed"]);
        for (int row = 0; row < 3; row++)
        {
            Assert.Equal(Make(row).Values, store.Read(row).Values);
            Assert.Equal(Make(row).Prompt, store.Read(row).Prompt);
        }

        using LmdbEnvironment environment = LmdbEnvironment.Read(_folder);
        Assert.Equal("3 2 1 2 2 2", Encoding.ASCII.GetString(environment.Find("latents_shape", 100)!));
        Assert.Equal("3", Encoding.ASCII.GetString(environment.Find("prompts_shape", 100)!));
        Assert.Null(environment.Find("latents_3_data", 100));
        Assert.Contains("latents_2_data has 32 bytes, expected at most 31", Assert.Throws<ModelFormatException>(() => environment.Find("latents_2_data", 31)).Message, StringComparison.Ordinal);
    }

    [LmdbFact]
    public void Writer_MoreThanTheFirstMapping_Grows()
    {
        Shape shape = new(1, 1, 512, 1024);
        float[] values = new float[shape.Count];
        using (LmdbClipWriter writer = new(_folder, shape))
        {
            for (int row = 0; row < 10; row++)
            {
                values[row] = row;
                writer.Append(new Clip($"{row}", shape, [.. values]));
            }

            writer.Flush();
        }

        Assert.True(new FileInfo(Path.Combine(_folder, "data.mdb")).Length > 2 * (4 << 20));
        using IClipStore store = ClipStores.Open(_folder);
        Assert.Equal(9, store.Read(9).Values[9]);
        Assert.Equal(0, store.Read(8).Values[9]);
    }

    [LmdbFact]
    public void Writer_OtherRowsThere_RefusesToContinue()
    {
        using (LmdbClipWriter writer = new(_folder, _shape, new Dictionary<string, string> { ["seed"] = "7" }))
        {
            writer.Append(Make(0));
            writer.Flush();
        }

        Assert.Contains("made with seed 7, expected 8", Assert.Throws<ModelFormatException>(() => new LmdbClipWriter(_folder, _shape, new Dictionary<string, string> { ["seed"] = "8" })).Message, StringComparison.Ordinal);
        Assert.Contains("holds rows of [2, 1, 2, 2, 2], expected [2, 1, 2, 2, 4]", Assert.Throws<ModelFormatException>(() => new LmdbClipWriter(_folder, _shape.With(4, 4))).Message, StringComparison.Ordinal);
        using (LmdbEnvironment environment = LmdbEnvironment.Write(_folder))
        {
            environment.Put([("latents_shape", "3 2 1 2 2 2"u8.ToArray())]);
        }

        Assert.Contains("has no key latents_2_data, though latents_shape says that it has 3 rows", Refused(_folder), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_SeveralLayoutsInAFolder_IsRefused()
    {
        File.WriteAllText(Path.Combine(_folder, "data.mdb"), "");
        File.WriteAllText(Path.Combine(_folder, "a.safetensors"), "");
        Assert.Contains("several layouts", Refused(_folder), StringComparison.Ordinal);
    }

    [Fact]
    public void Candidates_LibraryNamed_AreThatOnly()
    {
        string named = Path.Combine(_folder, "liblmdb.so.9");
        Assert.Equal([named], LmdbLibrary.Candidates(named));
        Assert.All(LmdbLibrary.Candidates(_folder), place => Assert.Equal(_folder, Path.GetDirectoryName(place)));
        Assert.Contains("REWARDFORCING_LMDB", LmdbLibrary.Missing, StringComparison.Ordinal);
    }

    private static string Refused(string path) => Assert.Throws<ModelFormatException>(() => ClipStores.Open(path)).Message;

    private static Clip Make(int row) => new($"row {row} 色 \n", _shape, [.. Enumerable.Range(0, (int)_shape.Count).Select(i => (row * 100f) + i)]);

    private static JsonElement Expected(string name)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Fixtures.Path("lmdb/expected.json")));
        return document.RootElement.GetProperty(name).Clone();
    }

    private static void Same(JsonElement expected, Clip clip)
    {
        Assert.Equal(expected.GetProperty("prompt").GetString(), clip.Prompt);
        Assert.Equal(expected.GetProperty("first8").EnumerateArray().Select(static value => (float)value.GetDouble()), clip.Values[..8]);
        byte[] stored = MemoryMarshal.AsBytes<Half>(Array.ConvertAll(clip.Values, static value => (Half)value)).ToArray();
        Assert.Equal(expected.GetProperty("latent_sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(stored)));
    }
}
