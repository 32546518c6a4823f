namespace RewardForcing.Native.Formats;

/// <summary>Follows the links of a path as the system does: in every folder of it, not in its last part alone.</summary>
internal static class RealPath
{
    private const int MaxLinks = 64;

    /// <summary>The same file or folder under a name without links; what does not exist is kept as it is.</summary>
    /// <param name="path">Any path.</param>
    /// <exception cref="IOException">Links lead in a circle.</exception>
    public static string Of(string path)
    {
        string rooted = Path.Combine(Environment.CurrentDirectory, path);
        string current = Path.GetPathRoot(rooted)!;
        Stack<string> rest = new();
        Add(rest, rooted[current.Length..]);
        for (int links = 0; rest.TryPop(out string? part);)
        {
            if (part == "..")
            {
                current = Path.GetDirectoryName(current) ?? current;
                continue;
            }

            string next = Path.Combine(current, part);
            if (new FileInfo(next).LinkTarget is not string target)
            {
                current = next;
                continue;
            }

            if (++links > MaxLinks)
            {
                throw new IOException("Its links lead in a circle.");
            }

            string root = Path.GetPathRoot(target) ?? string.Empty;
            current = root.Length > 0 ? Path.GetPathRoot(Path.GetFullPath(root))! : current;
            Add(rest, target[root.Length..]);
        }

        return current;
    }

    private static void Add(Stack<string> rest, string path)
    {
        foreach (string part in path.Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries).Reverse())
        {
            if (part != ".")
            {
                rest.Push(part);
            }
        }
    }
}
