using System.Text;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Testing;
using Xunit;

namespace RewardForcing.Native.Tests.Formats.Text;

public sealed class DamagedTokenizerTests : IDisposable
{
    private const string Texts = "A red fox, <0x41>\u00e9\ufb01\u3000\u4e2d 1\u00bd <extra_id_0> </s>\U0001F98A";
    private const string Json = """
        { "version": "1.0", "added_tokens": [{ "id": 0, "content": "<pad>", "special": true }, { "id": 7, "content": "<extra_id_0>", "special": true, "lstrip": true, "single_word": false }],
          "normalizer": { "type": "Sequence", "normalizers": [{ "type": "NFC" }, { "type": "Replace", "pattern": { "Regex": " {2,}" }, "content": " " }, { "type": "Strip", "strip_left": false }, { "type": "Prepend", "prepend": "x" }] },
          "pre_tokenizer": { "type": "Sequence", "pretokenizers": [{ "type": "WhitespaceSplit" }, { "type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": true }] },
          "post_processor": { "type": "TemplateProcessing", "single": [{ "Sequence": { "id": "A", "type_id": 0 } }, { "SpecialToken": { "id": "</s>", "type_id": 0 } }], "special_tokens": { "</s>": { "id": "</s>", "ids": [1], "tokens": ["</s>"] } } },
          "model": { "type": "Unigram", "unk_id": 2, "byte_fallback": false, "vocab": [["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0], ["\u2581", -2.5], ["fox", -3.25], ["re", -1e1], ["d", -4]] } }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("rf-damaged-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("ok_tiny.model", "spiece.model")]
    [InlineData("ok_tokenizer.json", "tokenizer.json")]
    public void SmallFile_CutOrAnyBitFlipped_IsRefusedOrEncodes(string fixture, string name) =>
        Sweep(name, File.ReadAllBytes(Fixtures.Path("golden/formats/malformed/T/" + fixture)));

    [Fact]
    public void TokenizerJsonWithEveryPart_CutOrAnyBitFlipped_IsRefusedOrEncodes() => Sweep("tokenizer.json", Encoding.UTF8.GetBytes(Json), [1, 4, 16, 128]);

    [Fact]
    public void SentencePieceModelWithCharacterMap_AnyBitOfTheMapsStartFlipped_IsRefusedOrEncodes()
    {
        byte[] valid = File.ReadAllBytes(Fixtures.Path("golden/formats/spm_bytefallback/spiece.model"));
        string path = Path.Combine(_folder, "spiece.model");
        int start = MapOf(valid);

        // The first units are where every walk goes through.
        (int read, int refused) = Damage.Flip(path, valid, () => Encode(path), positions: Enumerable.Range(start, 24));
        Assert.True(read + refused == 24 * 8 && refused > 32, $"{read} read, {refused} refused");
        (read, refused) = Damage.Flip(path, valid, () => Encode(path), [0x80], Enumerable.Range(0, valid.Length / 997).Select(static i => i * 997));
        Assert.True(read > 0 && refused > 0, $"{read} read, {refused} refused");
    }

    [Fact]
    public void PromptFile_AnyBitFlipped_IsRefusedOrRead()
    {
        string path = Path.Combine(_folder, "prompts.txt");
        byte[] valid = File.ReadAllBytes(Fixtures.Path("golden/formats/prompts_odd.txt"));
        Assert.True(Damage.Flip(path, valid, () => PromptFile.Read(path), [1, 128]).Refused > 0);
        Assert.True(Damage.Cut(path, valid, () => PromptFile.Read(path)).Read > 0);
    }

    private void Sweep(string name, byte[] valid, byte[]? masks = null)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, valid);
        Encode(path);
        (int read, int refused) = Damage.Cut(path, valid, () => Encode(path));
        Assert.True(read < valid.Length / 4 && refused > 50, $"{read} cut files read, {refused} refused");
        (read, refused) = Damage.Flip(path, valid, () => Encode(path), masks);
        Assert.True(read > 50 && refused > 50, $"{read} changed files read, {refused} refused");
    }

    private static void Encode(string path)
    {
        UnigramTokenizer tokenizer = UnigramTokenizer.Open(path);
        int[] ids = tokenizer.Encode(Texts);
        Assert.All(ids, id => Assert.InRange(id, 0, tokenizer.VocabularySize - 1));
        tokenizer.Decode(ids);
    }

    // The table is a field of the third message: its tag, its length, and the length of its trie follow one another.
    private static int MapOf(byte[] model)
    {
        for (int at = 0; ; at++)
        {
            uint trie = BitConverter.ToUInt32(model, at + 4);
            if (model[at] == 0x12 && model[at + 1] >= 0x80 && model[at + 2] >= 0x80 && model[at + 3] < 0x80
                && trie % 4 == 0 && trie > 1000 && trie < (model[at + 1] & 0x7F) + ((model[at + 2] & 0x7F) << 7) + (model[at + 3] << 14))
            {
                return at + 4;
            }
        }
    }
}
