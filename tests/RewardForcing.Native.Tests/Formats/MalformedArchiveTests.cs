using System.Diagnostics;
using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Testing.Files;
using Xunit;

namespace RewardForcing.Native.Tests.Formats;

/// <summary>Every file of the corpus of malformed files that an archive reader can judge gets its verdict.</summary>
public sealed class MalformedArchiveTests
{
    private const string Kinds = "SIZP";
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(5);

    // Rows that say something about the model a well-formed file holds; they are judged where networks are loaded.
    private static readonly string[] ModelRows = ["M1", "P10 P/dup_after_unwrap.pt", "P10 P/dup_fsdp.pt", "P10 P/wrapped_unknown.pt"];

    public static TheoryData<string> Files => [.. MalformedCase.All(Kinds).Where(entry => entry.File is not null && !IsModelRow(entry)).Select(entry => entry.File!)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Open_FileOfTheCorpus_GetsItsVerdict(string file)
    {
        MalformedCase expected = MalformedCase.Get(file);
        long length = new FileInfo(expected.Path).Length;
        long before = GC.GetAllocatedBytesForCurrentThread();
        Stopwatch watch = Stopwatch.StartNew();

        ModelFormatException? refusal = null;
        try
        {
            using TensorArchive archive = TensorArchive.Open(expected.Path);
            foreach (TensorEntry entry in archive.Entries)
            {
                using TensorBytes bytes = archive.Map(entry);
                Assert.Equal(entry.ByteLength, bytes.Length);
                Assert.Equal(0, bytes.Address % Math.Max(1, entry.Type.Bits() / 8));
            }
        }
        catch (ModelFormatException error)
        {
            refusal = error;
        }

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeLimit);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, (16 * length) + (1 << 20));
        if (refusal is not null)
        {
            Assert.NotEqual("accept", expected.Verdict);
            Assert.All(expected.MessageNames, name => Assert.Contains(name, refusal.Message, StringComparison.Ordinal));
            Assert.Matches(@"^[^\p{Cc}]+[^.]\.$", refusal.Message);
            Assert.InRange(refusal.Message.Length, 1, expected.Path.Length + 600);
        }
        else
        {
            Assert.NotEqual("reject", expected.Verdict);
            CheckValues(expected);
        }
    }

    private static bool IsModelRow(MalformedCase entry) => ModelRows.Contains(entry.Id) || ModelRows.Contains($"{entry.Id} {entry.File}");

    private static void CheckValues(MalformedCase expected)
    {
        using TensorArchive archive = TensorArchive.Open(expected.Path);
        if (expected.Expected.TryGetProperty("tensors", out JsonElement tensors))
        {
            Assert.Equal(
                tensors.GetProperty("names").EnumerateArray().Select(name => name.GetString()).Order(StringComparer.Ordinal), archive.Entries.Select(entry => entry.Name));
        }

        foreach (JsonProperty tensor in Properties(expected, "values"))
        {
            Assert.Equal(tensor.Value.EnumerateArray().Select(value => value.GetDouble()), TensorValues.Read(archive, tensor.Name));
        }

        foreach (JsonProperty tensor in Properties(expected, "first_values"))
        {
            double[] first = [.. tensor.Value.EnumerateArray().Select(value => value.GetDouble())];
            Assert.Equal(first, TensorValues.Read(archive, tensor.Name)[..first.Length]);
        }

        foreach (JsonProperty tensor in Properties(expected, "sums"))
        {
            string name = archive.TryGet(tensor.Name, out _) ? tensor.Name : $"generator.{tensor.Name}";
            double[] values = TensorValues.Read(archive, name);
            Assert.Equal(tensor.Value[0].GetDouble(), values.Sum(), 1e-9);
            Assert.Equal(tensor.Value[1].GetDouble(), values.Sum(static value => value * value), 1e-9);
        }
    }

    private static IEnumerable<JsonProperty> Properties(MalformedCase expected, string name) =>
        expected.Expected.TryGetProperty(name, out JsonElement element) ? element.EnumerateObject() : [];
}
