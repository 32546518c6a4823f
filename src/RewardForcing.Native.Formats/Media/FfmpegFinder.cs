namespace RewardForcing.Native.Formats;

/// <summary>Looks for the program ffmpeg.</summary>
public static class FfmpegFinder
{
    /// <summary>What to say where it is needed and missing.</summary>
    public const string Missing = "ffmpeg was not found on PATH; to write MP4, install it (such as `apt-get install ffmpeg` or `winget install ffmpeg`) or name the program with --ffmpeg.";

    private static string FileName => OperatingSystem.IsWindows() ? "ffmpeg.exe" : "ffmpeg";

    /// <summary>Finds the program.</summary>
    /// <param name="explicitPath">The program as the user named it, or a name to look for on <c>PATH</c>; null looks for <c>ffmpeg</c>.</param>
    /// <returns>Its full path; null if none was named and <c>PATH</c> has none.</returns>
    /// <exception cref="FileNotFoundException">The one that was named is not there or may not be run.</exception>
    public static string? Find(string? explicitPath)
    {
        string searchPath = Environment.GetEnvironmentVariable("PATH") ?? string.Empty;
        if (string.IsNullOrEmpty(explicitPath))
        {
            return Candidates(searchPath).FirstOrDefault(MayRun);
        }

        if (MayRun(explicitPath))
        {
            return Path.GetFullPath(explicitPath);
        }

        bool isBareName = Path.GetFileName(explicitPath) == explicitPath;
        return (isBareName ? Candidates(searchPath, explicitPath).FirstOrDefault(MayRun) : null)
            ?? throw new FileNotFoundException($"{explicitPath}: expected the program ffmpeg, found no file that may be run.", explicitPath);
    }

    /// <summary>Every place where the program is looked for.</summary>
    /// <param name="searchPath">Folders joined as in <c>PATH</c>.</param>
    /// <param name="name">File name of the program; null for the usual one.</param>
    public static IEnumerable<string> Candidates(string searchPath, string? name = null) =>
        searchPath.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.GetFullPath(Path.Combine(folder, name ?? FileName)));

    private static bool MayRun(string path)
    {
        const UnixFileMode Execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        return File.Exists(path) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & Execute) != 0);
    }
}
