namespace RewardForcing.Native.Formats;

/// <summary>Cuts a normalised text into words, by the <c>pre_tokenizer</c> of a <c>tokenizer.json</c>.</summary>
internal sealed class WordSplitter
{
    private readonly Func<string, bool, IEnumerable<string>>[] _steps;

    private WordSplitter(Func<string, bool, IEnumerable<string>>[] steps, bool addsSpace) => (_steps, AddsSpace) = (steps, addsSpace);

    /// <summary>Whether a space is put in front of a text.</summary>
    public bool AddsSpace { get; }

    /// <summary>Reads the steps.</summary>
    /// <exception cref="ModelFormatException">A step is of an unknown kind.</exception>
    public static WordSplitter Read(JsonPart file, string key)
    {
        List<Func<string, bool, IEnumerable<string>>> steps = [];
        bool addsSpace = false;
        if (file.TryGet(key, out JsonPart part))
        {
            Read(part, steps, ref addsSpace);
        }

        return new WordSplitter([.. steps], addsSpace);
    }

    /// <summary>The words of a text; their spaces are U+2581.</summary>
    /// <param name="text">Normalised.</param>
    /// <param name="isFirst">Whether the whole text begins here.</param>
    public IEnumerable<string> Split(string text, bool isFirst)
    {
        List<(string Text, bool IsFirst)> words = [(text, isFirst)];
        foreach (Func<string, bool, IEnumerable<string>> step in _steps)
        {
            words = [.. words.SelectMany(word => step(word.Text, word.IsFirst).Where(static cut => cut.Length > 0).Select((cut, index) => (cut, word.IsFirst && index == 0)))];
        }

        return words.Select(static word => word.Text);
    }

    private static void Read(JsonPart part, List<Func<string, bool, IEnumerable<string>>> steps, ref bool addsSpace)
    {
        string type = part["type"].Text();
        switch (type)
        {
            case "Sequence":
                foreach (JsonPart inner in part["pretokenizers"].Items())
                {
                    Read(inner, steps, ref addsSpace);
                }

                break;
            case "WhitespaceSplit":
                steps.Add(static (text, _) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
                break;
            case "Metaspace":
                steps.Add(Metaspace(part, ref addsSpace));
                break;
            default:
                throw part.Error($"{part.Key} of type \"{Printable.Text(type)}\" is not supported, expected Metaspace, WhitespaceSplit or Sequence", $"{part.Key}.type");
        }
    }

    private static Func<string, bool, IEnumerable<string>> Metaspace(JsonPart part, ref bool addsSpace)
    {
        string mark = part.TextOrNull("replacement") ?? "\u2581";
        string scheme = part.TextOrNull("prepend_scheme") ?? (part.Flag("add_prefix_space", true) ? "always" : "never");
        bool splits = part.Flag("split", true);
        if (mark.Length != 1 || scheme is not ("always" or "first" or "never"))
        {
            throw part.Error($"{part.Key}: expected a replacement of one character and a prepend_scheme of always, first or never, got \"{Printable.Text(mark)}\" and \"{Printable.Text(scheme)}\"");
        }

        addsSpace |= scheme != "never";
        return (text, isFirst) =>
        {
            string marked = text.Replace(' ', mark[0]);
            marked = (scheme == "always" || (scheme == "first" && isFirst)) && !marked.StartsWith(mark[0]) ? mark + marked : marked;
            return splits ? Cut(marked, mark[0]) : [marked];
        };
    }

    // Every mark begins a word.
    private static IEnumerable<string> Cut(string text, char mark)
    {
        int start = 0;
        for (int at = text.IndexOf(mark, Math.Min(1, text.Length)); at > 0; at = text.IndexOf(mark, at + 1))
        {
            yield return text[start..at];
            start = at;
        }

        yield return text[start..];
    }
}
