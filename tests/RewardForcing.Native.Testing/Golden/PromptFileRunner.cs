using System.Text.Json;
using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Prompts of a text file, exact: <c>NAME.expected.json</c> beside <c>NAME.txt</c>. The reference keeps a byte order mark, which is no part of a prompt here.</summary>
public sealed class PromptFileRunner : FileRunner
{
    private const string Ending = ".expected.json";

    /// <inheritdoc/>
    public override bool Handles(string path) => path.EndsWith(Ending, StringComparison.Ordinal) && File.Exists(TextOf(path));

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        string[] expected = [.. document.RootElement.GetProperty("prompts").EnumerateArray().Select(static prompt => prompt.GetString()!.TrimStart('\uFEFF'))];
        IReadOnlyList<string> prompts = PromptFile.Read(TextOf(path));
        yield return new Comparison("number of prompts", Math.Abs(prompts.Count - expected.Length), 0);
        yield return new Comparison("prompts", prompts.Zip(expected).Count(static pair => pair.First != pair.Second), 0);
    }

    private static string TextOf(string path) => path[..^Ending.Length] + ".txt";
}
