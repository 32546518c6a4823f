using System.Text;
using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Testing;
using RewardForcing.Native.Testing.Files;
using Xunit;

namespace RewardForcing.Native.Tests.Formats.Text;

public sealed class UnigramTokenizerTests : IDisposable
{
    private const string Folder = "golden/formats/spm_bytefallback";
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    // The other tokenizer files of the corpus are of a kind that no part of this project reads yet.
    public static TheoryData<string> Malformed => [.. MalformedCase.All("T").Where(entry => entry.File is not null && !entry.File.StartsWith("T/bpe_", StringComparison.Ordinal)).Select(entry => entry.File!)];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Open_FileOfTheCorpus_GetsItsVerdict(string file)
    {
        MalformedCase expected = MalformedCase.Get(file);
        if (expected.Verdict == "accept")
        {
            UnigramTokenizer tokenizer = UnigramTokenizer.Open(expected.Path);
            if (expected.Expected.TryGetProperty("encode", out JsonElement texts))
            {
                Assert.All(texts.EnumerateObject(), text => Assert.Equal(text.Value.EnumerateArray().Select(id => id.GetInt32()), tokenizer.Encode(text.Name).SkipLast(tokenizer.EndOfText is null ? 0 : 1)));
            }

            return;
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        ModelFormatException refusal = Assert.Throws<ModelFormatException>(() => UnigramTokenizer.Open(expected.Path));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, (64 * new FileInfo(expected.Path).Length) + (1 << 20));
        Assert.All(expected.MessageNames, name => Assert.Contains(name, refusal.Message, StringComparison.Ordinal));
        Assert.Matches(@"^[^\p{Cc}]+[^.]\.$", refusal.Message);
    }

    [Theory]
    [InlineData("spiece.model")]
    [InlineData("tokenizer.json")]
    [InlineData("")]
    public void Encode_LongText_IsCutBeforeItsEnd(string file)
    {
        UnigramTokenizer tokenizer = UnigramTokenizer.Open(Fixtures.Path($"{Folder}/{file}"));
        string text = string.Concat(Enumerable.Repeat("a red fox dances ", 200));
        int[] all = tokenizer.Encode(text.TrimEnd(), int.MaxValue);
        int[] cut = tokenizer.Encode(text.TrimEnd());

        Assert.True(all.Length > UnigramTokenizer.DefaultLength);
        Assert.Equal(UnigramTokenizer.DefaultLength, cut.Length);
        Assert.Equal(all[..511], cut[..511]);
        Assert.Equal(tokenizer.EndOfText, cut[^1]);
        Assert.Equal(tokenizer.EndOfText, Assert.Single(tokenizer.Encode("")));
        Assert.Equal([1], tokenizer.Encode("fox", 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Encode("fox", 0));
    }

    [Fact]
    public void Encode_TextThatSpellsTheEnd_StaysText()
    {
        foreach (string file in new[] { "spiece.model", "tokenizer.json" })
        {
            UnigramTokenizer tokenizer = UnigramTokenizer.Open(Fixtures.Path($"{Folder}/{file}"));
            Assert.DoesNotContain(1, tokenizer.Encode("a fox</s> and <pad> more").SkipLast(1));
        }
    }

    [Fact]
    public void Encode_HalfASurrogatePair_CountsAsUnreadable()
    {
        UnigramTokenizer tokenizer = UnigramTokenizer.Open(Fixtures.Path($"{Folder}/spiece.model"));
        Assert.Equal(tokenizer.Encode("a\uFFFDb"), tokenizer.Encode("a\uD800b"));
    }

    [Fact]
    public void Decode_NumberOutOfRange_IsRefused()
    {
        UnigramTokenizer tokenizer = UnigramTokenizer.Open(Fixtures.Path($"{Folder}/spiece.model"));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([tokenizer.VocabularySize]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([-1]));
        Assert.Equal(0, tokenizer.Padding);
    }

    [Fact]
    public void Encode_RandomText_ReadsBackAsNormalised()
    {
        UnigramTokenizer tokenizer = UnigramTokenizer.Open(Fixtures.Path($"{Folder}/spiece.model"));
        Random random = new(5);
        const string Letters = "abc XYZ,.0123 \u00E9\u00DF\u4E2D\u6587\u0439";
        for (int round = 0; round < 200; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(60)).Select(_ => Letters[random.Next(Letters.Length)]));
            string normal = string.Join(' ', text.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            Assert.Equal(normal, tokenizer.Decode(tokenizer.Encode(text)));
        }
    }

    [Theory]
    [InlineData("always", "a b", "\u2581a|\u2581b")]
    [InlineData("never", "a b", "a|\u2581b")]
    [InlineData("first", "a<x>b", "\u2581a|<x>|b")]
    [InlineData("always", "a<x>b", "\u2581a|<x>|\u2581b")]
    [InlineData("always", " a", "\u2581a")]
    [InlineData("always", "  a", "\u2581|\u2581a")]
    [InlineData("always", "q", "\u2581|<unk>")]
    [InlineData("always", "qqz", "\u2581|<unk>")]
    public void Encode_TokenizerJson_PutsSpacesAsItsSchemeSays(string scheme, string text, string pieces)
    {
        UnigramTokenizer tokenizer = UnigramTokenizer.Open(Write($$"""
            { "added_tokens": [{ "id": 7, "content": "<x>", "special": true }],
              "pre_tokenizer": { "type": "Metaspace", "replacement": "▁", "prepend_scheme": "{{scheme}}" },
              "model": { "type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["▁", -3], ["a", -2], ["b", -2], ["▁a", -1], ["▁b", -1]] } }
            """));
        Assert.Equal(pieces, string.Join('|', tokenizer.Encode(text).Select(tokenizer.Piece)));
        Assert.Null(tokenizer.EndOfText);
    }

    [Theory]
    [InlineData("""{ "type": "Replace", "pattern": { "Regex": "b+" }, "content": "a" }""", "bbb", "a")]
    [InlineData("""{ "type": "Replace", "pattern": { "String": "bb" }, "content": "a" }""", "bbb", "a|b")]
    [InlineData("""{ "type": "Sequence", "normalizers": [{ "type": "Lowercase" }, { "type": "Strip" }] }""", "  AB ", "a|b")]
    [InlineData("""{ "type": "Prepend", "prepend": "b" }""", "a", "b|a")]
    [InlineData("""{ "type": "NFC" }""", "e\u0301", "\u00E9")]
    [InlineData("""{ "type": "NFD" }""", "\u00E9", "e|\u0301")]
    public void Encode_TokenizerJson_NormalisesStepByStep(string normalizer, string text, string pieces)
    {
        UnigramTokenizer tokenizer = UnigramTokenizer.Open(Write($$"""
            { "normalizer": {{normalizer}},
              "model": { "type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["a", -2], ["b", -2], ["e", -2], ["\u0301", -2], ["\u00e9", -2]] } }
            """));
        Assert.Equal(pieces, string.Join('|', tokenizer.Encode(text).Select(tokenizer.Piece)));
    }

    [Theory]
    [InlineData("""{ "model": { "type": "Unigram", "unk_id": 0, "vocab": [["a\ud800", 0]] } }""", "surrogate")]
    [InlineData("""{ "model": { "type": "Unigram", "vocab": [["a", 0]] } }""", "model.unk_id")]
    [InlineData("""{ "model": { "type": "Unigram", "unk_id": 0, "vocab": [["a", 0], ["a", 0]] } }""", "twice")]
    [InlineData("""{ "model": { "type": "Unigram", "unk_id": 0, "vocab": [["a", 1e999]] } }""", "finite")]
    [InlineData("""{ "model": { "type": "Unigram", "unk_id": 0, "vocab": [] } }""", "model.vocab")]
    [InlineData("""{ "model": { "type": "Unigram", "unk_id": 0, "vocab": [["a", 0]] }, "pre_tokenizer": { "type": "ByteLevel" } }""", "ByteLevel")]
    [InlineData("""{ "model": { "type": "Unigram", "unk_id": 0, "vocab": [["a", 0]] }, "post_processor": { "type": "BertProcessing" } }""", "BertProcessing")]
    [InlineData("""{ "model": { "type": "Unigram", "unk_id": 0, "vocab": [["a", 0]] }, "normalizer": { "type": "Replace", "pattern": { "Regex": "(a)\\1" }, "content": "" } }""", "Regex")]
    [InlineData("""{ "model": { "type": "Unigram", "unk_id": 0, "vocab": [["a", 0]] }, "normalizer": { "type": "NFKC" } }""", "NFKC")]
    public void Open_TokenizerJsonThatSaysSomethingElse_IsRefusedByName(string json, string named)
    {
        ModelFormatException refusal = Assert.Throws<ModelFormatException>(() => UnigramTokenizer.Open(Write(json)));
        Assert.Contains(named, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("tokenizer.json", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NoFile_SaysWhatIsExpected()
    {
        Assert.Contains("spiece.model", Assert.Throws<FileNotFoundException>(() => UnigramTokenizer.Open(_folder)).Message, StringComparison.Ordinal);
    }

    private string Write(string json)
    {
        string path = Path.Combine(_folder, "tokenizer.json");
        File.WriteAllText(path, json, new UTF8Encoding(false));
        return path;
    }
}
