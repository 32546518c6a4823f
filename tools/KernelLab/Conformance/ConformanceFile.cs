using System.Globalization;
using System.Text;

namespace RewardForcing.Native.KernelLab.Conformance;

/// <summary>A family of cases, as it stands in <c>tests/fixtures/ptx</c>.</summary>
/// <param name="Family">Name of the file without its ending.</param>
/// <param name="Source">Where expected values come from, in a sentence.</param>
/// <param name="Sets">Values that cases share, by name.</param>
/// <param name="Cases">The cases.</param>
internal sealed record ConformanceFile(string Family, string Source, IReadOnlyDictionary<string, ValueSet> Sets, IReadOnlyList<ConformanceCase> Cases)
{
    private const string Extension = ".txt";
    private const string From = "from";
    private static readonly char[] Blank = [' '];

    /// <summary>Folder of the fixtures below the repository's.</summary>
    public static string Folder => Path.Combine("tests", "fixtures", "ptx");

    /// <summary>Reads every family of a folder.</summary>
    /// <exception cref="FormatException">A file is not understood.</exception>
    public static IReadOnlyList<ConformanceFile> ReadAll(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*" + Extension).Order(StringComparer.Ordinal).Select(path => Read(Path.GetFileNameWithoutExtension(path), File.ReadAllText(path)))];

    /// <summary>Reads a file's text.</summary>
    /// <exception cref="FormatException">It is not understood.</exception>
    public static ConformanceFile Read(string family, string text)
    {
        Dictionary<string, ValueSet> sets = new(StringComparer.Ordinal);
        List<ConformanceCase> cases = [];
        List<string> source = [];
        string[] lines = text.ReplaceLineEndings("\n").Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            string[] words = lines[i].Split(Blank, StringSplitOptions.RemoveEmptyEntries);
            switch (words.FirstOrDefault())
            {
                case null:
                    break;
                case "#":
                    source.Add(lines[i][1..].Trim());
                    break;
                case "set":
                    sets[words[1]] = ValueSet.Parse(words.AsSpan(2));
                    break;
                case "case":
                    cases.Add(ReadCase(family, sets, lines, ref i));
                    break;
                default:
                    throw new FormatException($"{family}{Extension}, line {i + 1}: {words[0]} was not expected here.");
            }
        }

        return new ConformanceFile(family, string.Join(' ', source), sets, cases);
    }

    /// <summary>The file's text.</summary>
    public string Write()
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"# {Source}\n");
        foreach ((string name, ValueSet set) in Sets)
        {
            text.Append(CultureInfo.InvariantCulture, $"set {name} {set}\n");
        }

        foreach (ConformanceCase test in Cases)
        {
            Write(text, test, Sets);
        }

        return text.ToString();
    }

    /// <summary>Writes the file.</summary>
    public void Save(string folder) => File.WriteAllText(Path.Combine(folder, Family + Extension), Write());

    private static void Write(StringBuilder text, ConformanceCase test, IReadOnlyDictionary<string, ValueSet> sets)
    {
        text.Append(CultureInfo.InvariantCulture, $"\ncase {test.Name}\n");
        if (test.Covers.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"covers {string.Join(' ', test.Covers)}\n");
        }

        if (test.Target != "sm_80" || test.Threads != 32 || test.SharedBytes > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"on {test.Target} {test.Threads} {test.SharedBytes}\n");
        }

        foreach (ConformanceInput input in test.Inputs)
        {
            text.Append(CultureInfo.InvariantCulture, $"in {input.Kind} {input.Set}");
            text.Append(input.Kind == "map"
                ? $" {input.Element} {string.Join('x', input.Extents)} {string.Join('x', input.Box)} {input.Swizzle}\n" : "\n");
        }

        string bound = test.Rule.IsExact ? "bits" : string.Create(CultureInfo.InvariantCulture, $"near {test.Rule.Relative:R} {test.Rule.Absolute:R}");
        text.Append(CultureInfo.InvariantCulture, $"{(test.StoresLane ? "lanes" : "memory")} {test.Rule.Type} {bound}\nwant {Wanted(test.Want, sets)}\n");
        foreach (string line in test.Code)
        {
            text.Append("  ").Append(line).Append('\n');
        }
    }

    private static ConformanceCase ReadCase(string family, Dictionary<string, ValueSet> sets, string[] lines, ref int i)
    {
        string name = lines[i]["case ".Length..];
        string[] covers = [], on = ["on", "sm_80", "32", "0"], rule = [];
        List<ConformanceInput> inputs = [];
        ValueSet? want = null;
        List<string> code = [];
        while (i + 1 < lines.Length && lines[i + 1].Length > 0)
        {
            i++;
            string[] words = lines[i].Split(Blank, StringSplitOptions.RemoveEmptyEntries);
            if (lines[i].StartsWith("  ", StringComparison.Ordinal))
            {
                code.Add(lines[i].Trim());
                continue;
            }

            switch (words[0])
            {
                case "covers":
                    covers = words[1..];
                    break;
                case "on":
                    on = words;
                    break;
                case "in":
                    inputs.Add(ReadInput(words));
                    break;
                case "lanes" or "memory":
                    rule = words;
                    break;
                case "want":
                    want = words[1] == From ? new ValueSet(sets[words[2]].Type, [.. sets[words[2]].Bits.Take(int.Parse(words[3], CultureInfo.InvariantCulture))]) : ValueSet.Parse(words.AsSpan(1));
                    break;
                default:
                    throw new FormatException($"{family}{Extension}, line {i + 1}: {words[0]} is no part of a case.");
            }
        }

        if (want is null || rule.Length < 3 || code.Count == 0)
        {
            throw new FormatException($"{family}{Extension}: case {name} lacks its result, its rule or its code.");
        }

        bool exact = rule[2] == "bits";
        ResultRule judged = exact ? new ResultRule(rule[1]) : new ResultRule(rule[1], Number(rule[3]), Number(rule[4]));
        return new ConformanceCase(name, judged, want, code)
        {
            Covers = covers,
            Target = on[1],
            Threads = int.Parse(on[2], CultureInfo.InvariantCulture),
            SharedBytes = int.Parse(on[3], CultureInfo.InvariantCulture),
            Inputs = inputs,
            StoresLane = rule[0] == "lanes",
        };
    }

    // What a set begins with is named, not written again.
    private static string Wanted(ValueSet want, IReadOnlyDictionary<string, ValueSet> sets)
    {
        string? begun = sets.FirstOrDefault(set => set.Value.Type == want.Type && set.Value.Bits.Take(want.Bits.Count).SequenceEqual(want.Bits)).Key;
        return begun is null ? want.ToString() : string.Create(CultureInfo.InvariantCulture, $"{From} {begun} {want.Bits.Count}");
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static ConformanceInput ReadInput(string[] words)
    {
        ConformanceInput input = new(words[1], words[2]);
        int[] Sizes(string text) => [.. text.Split('x').Select(static size => int.Parse(size, CultureInfo.InvariantCulture))];
        return words[1] != "map" ? input : input with
        {
            Element = words[3],
            Extents = Sizes(words[4]),
            Box = Sizes(words[5]),
            Swizzle = int.Parse(words[6], CultureInfo.InvariantCulture),
        };
    }
}
