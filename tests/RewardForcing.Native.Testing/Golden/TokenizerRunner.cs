using System.Text.Json;
using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Ids and texts of unigram tokenizers, exact: <c>cases.json</c> beside <c>spiece.model</c> and <c>tokenizer.json</c>.</summary>
public sealed class TokenizerRunner : FileRunner
{
    /// <inheritdoc/>
    public override bool Handles(string path) => Path.GetFileName(path) == "cases.json" && File.Exists(Beside(path, "spiece.model"));

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        UnigramTokenizer model = UnigramTokenizer.Open(Beside(path, "spiece.model"));
        JsonElement cases = document.RootElement.GetProperty("cases");
        yield return Count("spiece.model, ids", cases, "ids", item => model.Encode(Text(item), int.MaxValue));
        yield return Pieces(model, cases);
        int wrong = document.RootElement.GetProperty("decode").EnumerateArray().Count(item => model.Decode(Numbers(item, "ids")) != Text(item));
        yield return new Comparison("spiece.model, decoded texts", wrong, 0);
        if (File.Exists(Beside(path, "tokenizer.json")))
        {
            UnigramTokenizer json = UnigramTokenizer.Open(Beside(path, "tokenizer.json"));
            yield return Count("tokenizer.json, ids", cases, "hf_ids", item => json.Encode(Text(item), int.MaxValue));
            yield return Count("tokenizer.json, added tokens", document.RootElement.GetProperty("hf_added_token_cases"), "hf_ids", item => json.Encode(Text(item), int.MaxValue));
        }
    }

    private static Comparison Pieces(UnigramTokenizer model, JsonElement cases)
    {
        int wrong = cases.EnumerateArray().Count(item => !item.GetProperty("pieces").EnumerateArray().Select(static piece => piece.GetString())
            .Zip(Numbers(item, "ids").Select(model.Piece)).All(static pair => pair.First == pair.Second || pair.Second == "<unk>"));
        return new Comparison("spiece.model, texts of pieces", wrong, 0);
    }

    // How many texts come out otherwise.
    private static Comparison Count(string name, JsonElement cases, string key, Func<JsonElement, int[]> encode)
    {
        JsonElement[] items = [.. cases.EnumerateArray().Where(item => item.TryGetProperty(key, out JsonElement ids) && ids.ValueKind == JsonValueKind.Array)];
        JsonElement[] wrong = [.. items.Where(item => !encode(item).AsSpan().SequenceEqual(Numbers(item, key)))];
        string first = wrong.Length > 0 ? $" (first \"{Text(wrong[0])}\": {string.Join(' ', encode(wrong[0]))} for {string.Join(' ', Numbers(wrong[0], key))})" : "";
        return new Comparison($"{name} of {items.Length} texts{first}", wrong.Length, 0);
    }

    private static string Text(JsonElement item) => item.GetProperty("text").GetString()!;

    private static int[] Numbers(JsonElement item, string key) => [.. item.GetProperty(key).EnumerateArray().Select(static id => id.GetInt32())];

    private static string Beside(string path, string name) => Path.Combine(Path.GetDirectoryName(path)!, name);
}
