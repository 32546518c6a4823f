namespace RewardForcing.Native.KernelLab.Conformance;

/// <summary>What a GPU stored for each case of a family; files in <c>recorded/</c> beside the fixtures, one for each device and family.</summary>
/// <param name="Device">Product, capability and driver.</param>
/// <param name="Results">Results by the names of cases.</param>
internal sealed record ConformanceRecording(string Device, IReadOnlyDictionary<string, ValueSet> Results)
{
    private const string Extension = ".txt";

    /// <summary>Folder of recordings in that of the fixtures.</summary>
    public static string FolderIn(string fixtures) => Path.Combine(fixtures, "recorded");

    /// <summary>Writes a recording.</summary>
    /// <param name="fixtures">Folder of the fixtures.</param>
    /// <param name="family">Name of the family.</param>
    /// <param name="architecture">Compute capability, 10 * major + minor.</param>
    public void Save(string fixtures, string family, int architecture)
    {
        Directory.CreateDirectory(FolderIn(fixtures));
        IEnumerable<string> lines = Results.SelectMany(static result => (string[])[$"case {result.Key}", $"got {result.Value}"]);
        File.WriteAllText(Path.Combine(FolderIn(fixtures), $"{family}-sm_{architecture}{Extension}"), string.Join('\n', lines.Prepend("# " + Device)) + "\n");
    }

    /// <summary>Reads the recordings of a family; none where no GPU has been at hand.</summary>
    /// <exception cref="FormatException">A file is not understood.</exception>
    public static IReadOnlyList<ConformanceRecording> ReadAll(string fixtures, string family) => !Directory.Exists(FolderIn(fixtures)) ? []
        : [.. Directory.EnumerateFiles(FolderIn(fixtures), family + "-sm_*" + Extension).Order(StringComparer.Ordinal).Select(Read)];

    /// <summary>Where the recording leaves the definition, a sentence each.</summary>
    public IEnumerable<string> Judge(ConformanceFile file)
    {
        Dictionary<string, ConformanceCase> cases = file.Cases.ToDictionary(static test => test.Name, StringComparer.Ordinal);
        return Results.SelectMany(result => cases.TryGetValue(result.Key, out ConformanceCase? test)
            ? ConformanceReport.Judge($"{file.Family} as recorded on {Device}", test, result.Value)
            : [$"{file.Family} as recorded on {Device}: there is no case {result.Key} any more; record again."]);
    }

    private static ConformanceRecording Read(string path)
    {
        Dictionary<string, ValueSet> results = new(StringComparer.Ordinal);
        (string device, string name) = (string.Empty, string.Empty);
        foreach (string line in File.ReadLines(path))
        {
            string[] words = line.Split(' ', 2);
            switch (words[0])
            {
                case "#":
                    device = words[1];
                    break;
                case "case":
                    name = words[1];
                    break;
                case "got":
                    results[name] = ValueSet.Parse(words[1].Split(' '));
                    break;
                default:
                    throw new FormatException($"{path}: {words[0]} is no part of a recording.");
            }
        }

        return new ConformanceRecording(device, results);
    }
}
