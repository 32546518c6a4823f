using System.Diagnostics;
using System.Text;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Testing;
using Xunit;

namespace RewardForcing.Native.Tests.Formats.Yaml;

public sealed class YamlFileTests
{
    [Theory]
    [InlineData("5", "5")]
    [InlineData("-1", "-1")]
    [InlineData("+1_000", "1000")]
    [InlineData("0x1F", "31")]
    [InlineData("010", "8")]
    [InlineData("0b101", "5")]
    [InlineData("2.0e-6", "2E-06")]
    [InlineData("2e3", "2000.0")]
    [InlineData(".5", "0.5")]
    [InlineData("5.", "5.0")]
    [InlineData("true", "true")]
    [InlineData("Off", "false")]
    [InlineData("yes", "true")]
    [InlineData("tRue", "\"tRue\"")]
    [InlineData("'5'", "\"5\"")]
    [InlineData("! 5", "\"5\"")]
    [InlineData("!!str 5", "\"5\"")]
    [InlineData("!!int '5'", "5")]
    [InlineData("!!float '5.5'", "5.5")]
    [InlineData(".inf", "\".inf\"")]
    [InlineData("1e999", "\"1e999\"")]
    [InlineData("99999999999999999999", "\"99999999999999999999\"")]
    [InlineData("[1, a, ~]", "[1,\"a\",null]")]
    [InlineData("{b: 1, c: {d: no}}", "{\"b\":1,\"c\":{\"d\":false}}")]
    [InlineData("色调, 艳丽", "\"\\u8272\\u8C03, \\u8273\\u4E3D\"")]
    [InlineData("|\n  two\n  lines", "\"two\\nlines\"")]
    public void Parse_Value_HasTheTypeOfTheReference(string yaml, string json) => Assert.Equal(json, Parse($"a: {yaml}")["a"].Shown);

    [Theory]
    [InlineData("")]
    [InlineData("# only a comment\n")]
    [InlineData("---\n...\n")]
    [InlineData("\uFEFF# a mark\n")]
    public void Parse_NoContent_IsAnObjectWithoutMembers(string yaml) => Assert.Empty(Parse(yaml).Members());

    [Fact]
    public void Parse_Aliases_StandForTheirAnchor()
    {
        JsonPart file = Parse("base: &base {a: 1, b: 2}\nsame: *base\nmore:\n  <<: *base\n  b: 3\nlist:\n  <<: [{a: 5}, *base]\n");

        Assert.Equal(2, file["same"]["b"].Whole());
        Assert.Equal((1, 3), (file["more"]["a"].Whole(), file["more"]["b"].Whole()));
        Assert.Equal((5, 2), (file["list"]["a"].Whole(), file["list"]["b"].Whole()));
    }

    [Theory]
    [InlineData("a: 1\nb: 2\na: 3", "has the key a twice, again in line 3")]
    [InlineData("a: {b: 1, b: 1}", "has the key b twice")]
    [InlineData("- a\n- b", "must hold keys and values, such as \"height: 480\", got a list")]
    [InlineData("just a text", "got a single value")]
    [InlineData("a: 1\n---\nb: 2", "second document")]
    [InlineData("a: [1, 2", "is not valid YAML")]
    [InlineData("a: \"open", "is not valid YAML")]
    [InlineData("a: b: c", "is not valid YAML")]
    [InlineData("? [1]\n: 2", "has a key that is not a plain text")]
    [InlineData("a: *nowhere", "refers to *nowhere (line 1)")]
    [InlineData("a: &x [*x]", "refers to *x (line 1), which is not complete")]
    [InlineData("a: !!python/object/apply:os.system ['true']", "has the tag tag:yaml.org,2002:python/object/apply:os.system")]
    [InlineData("a: !ruby/hash {}", "has the tag !ruby/hash")]
    [InlineData("a: !!int five", "has the tag tag:yaml.org,2002:int on \"five\"")]
    [InlineData("a: !!binary AAAA", "has the tag")]
    [InlineData("a: ${b}", "interpolation")]
    [InlineData("a: ???", "missing value")]
    [InlineData("a: 1\0b: 2", "control character U+0000 at position 4")]
    [InlineData("a: x\x1B[31m", "control character U+001B")]
    [InlineData("a: {<<: 1}", "no mapping")]
    public void Parse_WrongFile_SaysWhatIsWrongWithIt(string yaml, string reason)
    {
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => Parse(yaml));

        Assert.StartsWith("run.yaml: ", error.Message);
        Assert.Contains(reason, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Parse_NotUtf8_SaysWhere()
    {
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => YamlFile.Parse("run.yaml", [(byte)'a', (byte)':', 0xFF]));
        Assert.Contains("not valid UTF-8 at byte 2", error.Message);
    }

    [Fact]
    public void Parse_Bomb_IsRefusedBeforeItGrows()
    {
        StringBuilder bomb = new("l0: &l0 [x, x, x, x, x, x, x, x, x]\n");
        for (int level = 1; level < 30; level++)
        {
            bomb.Append($"l{level}: &l{level} [{string.Join(", ", Enumerable.Repeat($"*l{level - 1}", 9))}]\n");
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => Parse(bomb.ToString()));
        Assert.Contains("stands for more than 100,000 values", error.Message);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 8 << 20);
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{a: ")]
    [InlineData("- ")]
    [InlineData("? ")]
    public void Parse_DeepNesting_IsRefused(string opening)
    {
        long started = Stopwatch.GetTimestamp();
        Assert.Throws<ModelFormatException>(() => Parse("a: " + string.Concat(Enumerable.Repeat(opening, 100_000))));
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void Read_HugeFile_IsRefusedBeforeItIsRead()
    {
        string path = Path.GetTempFileName();
        try
        {
            using (FileStream file = new(path, FileMode.Open))
            {
                file.SetLength(1L << 34);
            }

            Assert.Contains("at most 1,048,576", Assert.Throws<ModelFormatException>(() => YamlFile.Read(path)).Message);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Parse_TruncatedOrFlippedFile_IsReadOrRefused()
    {
        byte[] valid = File.ReadAllBytes(Path.Combine(Fixtures.Root, "..", "..", "configs", "reward_forcing.yaml"));
        for (int i = 0; i < valid.Length; i++)
        {
            Judge(valid[..i]);
            byte[] flipped = [.. valid];
            flipped[i] ^= (byte)(1 << (i % 8));
            Judge(flipped);
        }
    }

    [Fact]
    public void Parse_RandomPunctuation_IsReadOrRefused()
    {
        const string Letters = "ab:-?,[]{}&*!|>'\"%@`#~<= \n\t1.e0_$\\";
        Random random = new(3);
        for (int i = 0; i < 20_000; i++)
        {
            Judge(Encoding.UTF8.GetBytes([.. Enumerable.Range(0, random.Next(1, 30)).Select(_ => Letters[random.Next(Letters.Length)])]));
        }
    }

    private static void Judge(byte[] bytes)
    {
        try
        {
            YamlFile.Parse("run.yaml", bytes);
        }
        catch (ModelFormatException error)
        {
            Assert.StartsWith("run.yaml: ", error.Message);
        }
    }

    private static JsonPart Parse(string yaml) => YamlFile.Parse("run.yaml", Encoding.UTF8.GetBytes(yaml));
}
