using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Training;
using Xunit;

namespace RewardForcing.Native.Tests.Training;

public sealed class JsonLinesLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rf-log-").FullName;

    private string File => Path.Combine(_folder, "run", "log.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Write_Steps_AreOneObjectALine()
    {
        using (JsonLinesLog log = new(File, clock: new FixedClock(1764093846250)))
        {
            log.Write(1, new Dictionary<string, double> { ["generator_loss"] = 0.1, ["bad"] = double.NaN });
            Assert.Equal("{\"step\":1,\"time\":1764093846.25,\"generator_loss\":0.1,\"bad\":\"NaN\"}\n", System.IO.File.ReadAllText(File));
            log.Write(2, new Dictionary<string, double>());
        }

        Assert.Equal([1, 2], Steps());
    }

    [Theory]
    [InlineData(0, new long[0])]
    [InlineData(7, new long[] { 2, 4, 6 })]
    [InlineData(8, new long[] { 2, 4, 6, 8 })]
    [InlineData(100, new long[] { 2, 4, 6, 8, 10 })]
    public void New_ResumedRun_DropsLaterLinesAndATornOne(long step, long[] kept)
    {
        Fill(5);
        System.IO.File.AppendAllText(File, """{"step":12,"ti""");
        using (JsonLinesLog log = new(File, step))
        {
            Assert.Equal(kept, Steps());
            log.Write(step + 1, new Dictionary<string, double> { ["a"] = 1 });
        }

        Assert.Equal([.. kept, step + 1], Steps());
    }

    [Fact]
    public void New_LongLog_IsCutAtTheRightPlace()
    {
        Fill(30000);
        Assert.True(new FileInfo(File).Length > 1 << 20);
        using (new JsonLinesLog(File, 44444))
        {
        }

        Assert.Equal(Enumerable.Range(1, 22222).Select(static step => 2L * step), Steps());
    }

    [Theory]
    [InlineData("{\"step\":2}\nhello\n", "line 2 is no object with a step, got hello")]
    [InlineData("{\"steps\":2}\n", "line 1 is no object")]
    [InlineData("{\"step\":1.5}\n", "line 1 is no object")]
    [InlineData("[]\n", "line 1 is no object")]
    public void New_AnotherFile_IsRefusedAndLeftAlone(string text, string sentence)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        System.IO.File.WriteAllText(File, text);
        Assert.Contains(sentence, Assert.Throws<ModelFormatException>(() => new JsonLinesLog(File, 5)).Message, StringComparison.Ordinal);
        Assert.Equal(text, System.IO.File.ReadAllText(File));
    }

    [Fact]
    public void New_FolderInItsPlace_IsToldInASentence()
    {
        Directory.CreateDirectory(File);
        Assert.StartsWith(File + ": could not be written:", Assert.Throws<IOException>(() => new JsonLinesLog(File)).Message, StringComparison.Ordinal);
    }

    private void Fill(int lines)
    {
        using JsonLinesLog log = new(File);
        for (int line = 1; line <= lines; line++)
        {
            log.Write(2 * line, new Dictionary<string, double> { ["critic_loss"] = 1.0 / line });
        }
    }

    private long[] Steps() => [.. System.IO.File.ReadLines(File).Select(static line => JsonDocument.Parse(line).RootElement.GetProperty("step").GetInt64())];

    private sealed class FixedClock(long milliseconds) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
    }
}
