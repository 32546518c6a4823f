using System.Text.Json;

namespace RewardForcing.Native.Testing.Files;

/// <summary>One file of the corpus of malformed files, and what has to become of it.</summary>
/// <param name="Id">Row of the specification, such as <c>S17</c>.</param>
/// <param name="File">Below the corpus; null if <paramref name="Recipe"/> says how to make it.</param>
/// <param name="Verdict"><c>accept</c>, <c>reject</c> or <c>accept-or-reject</c>.</param>
/// <param name="Reason">Why.</param>
/// <param name="MessageNames">What a refusal has to name.</param>
/// <param name="Recipe">How to make the file.</param>
/// <param name="Expected">The whole entry: expected values, sums, names.</param>
public sealed record MalformedCase(string Id, string? File, string Verdict, string Reason, string[] MessageNames, string? Recipe, JsonElement Expected)
{
    private const string Corpus = "golden/formats/malformed/";

    /// <summary>Where the file is.</summary>
    public string Path => Fixtures.Path(Corpus + File);

    /// <summary>All entries of some rows, in the manifest's order.</summary>
    /// <param name="kinds">First letters of the rows.</param>
    public static IReadOnlyList<MalformedCase> All(string kinds)
    {
        using JsonDocument manifest = JsonDocument.Parse(System.IO.File.ReadAllBytes(Fixtures.Path(Corpus + "manifest.json")));
        return [.. manifest.RootElement.GetProperty("cases").EnumerateArray().Where(entry => kinds.Contains(entry.GetProperty("id").GetString()![0])).Select(Parse)];
    }

    /// <summary>The entry of a file.</summary>
    public static MalformedCase Get(string file) => All(file[..1]).Single(entry => entry.File == file);

    private static MalformedCase Parse(JsonElement entry)
    {
        string? file = entry.TryGetProperty("file", out JsonElement path) ? path.GetString() : null;
        string name = file is null ? string.Empty : System.IO.Path.GetFileName(file);
        string[] names = [.. entry.GetProperty("message_must_name").EnumerateArray().Select(value => Named(value.GetString()!, name))];
        string? recipe = entry.TryGetProperty("recipe", out JsonElement text) ? text.GetString() : null;
        return new MalformedCase(
            entry.GetProperty("id").GetString()!, file, entry.GetProperty("verdict").GetString()!, entry.GetProperty("reason").GetString()!, names, recipe, entry.Clone());
    }

    private static string Named(string value, string fileName) =>
        value == "file" ? fileName : value.StartsWith("tensor:", StringComparison.Ordinal) || value.StartsWith("key:", StringComparison.Ordinal) ? value[(value.IndexOf(':') + 1)..] : value;
}
