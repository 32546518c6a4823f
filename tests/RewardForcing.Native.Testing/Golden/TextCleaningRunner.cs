using System.Text.Json;
using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Cleaned prompts, exact. Texts that were decoded with a wrong encoding are not repaired; they are counted and named, not passed over.</summary>
public sealed class TextCleaningRunner : FileRunner
{
    private static readonly string[] _notRepaired = ["utf8 read as", "double utf8"];

    /// <inheritdoc/>
    public override bool Handles(string path)
    {
        if (Path.GetExtension(path) != ".json")
        {
            return false;
        }

        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("html_whitespace", out _);
    }

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        JsonElement[] tables = [document.RootElement.GetProperty("html_whitespace"), document.RootElement.GetProperty("full_pipeline"), document.RootElement.GetProperty("ftfy")];
        yield return Count("html_whitespace", tables[0].EnumerateArray(), "html_ws", TextCleaning.CollapseSpaces);
        yield return Count("html_whitespace with repairs", tables[0].EnumerateArray(), "full_ftfy_6_3_1", TextCleaning.Clean);
        yield return Count("full_pipeline", tables[1].EnumerateArray(), "expected", TextCleaning.Clean);
        JsonElement[] repaired = [.. tables[2].EnumerateArray().Where(static item => !Array.Exists(_notRepaired, item.GetProperty("kind").GetString()!.StartsWith))];
        int left = tables[2].GetArrayLength() - repaired.Length;
        yield return Count($"repairs ({left} texts decoded with a wrong encoding left out)", repaired, "expected", TextCleaning.Repair);
    }

    private static Comparison Count(string name, IEnumerable<JsonElement> items, string key, Func<string, string> clean)
    {
        JsonElement[] all = [.. items];
        JsonElement[] wrong = [.. all.Where(item => clean(item.GetProperty("input").GetString()!) != item.GetProperty(key).GetString())];
        string first = wrong.Length == 0 ? "" : $" (first {wrong[0].GetProperty("input").GetRawText()}: {JsonSerializer.Serialize(clean(wrong[0].GetProperty("input").GetString()!))})";
        return new Comparison($"{name}, {all.Length} texts{first}", wrong.Length, 0);
    }
}
