namespace RewardForcing.Native.Formats;

/// <summary>Finds out whether results can be written before anything is computed.</summary>
public static class WritableFolder
{
    private const string Probe = ".rewardforcing-probe";

    /// <summary>Makes folders and writes a file into each that is gone again.</summary>
    /// <param name="folder">A folder for results; made if it is missing.</param>
    /// <param name="others">Files that will be written besides; null for none.</param>
    /// <exception cref="IOException">One cannot be written to; the message says which and why.</exception>
    public static void Require(string folder, params ReadOnlySpan<string?> others)
    {
        List<string> places = [folder];
        foreach (string? path in others)
        {
            if (path is null)
            {
                continue;
            }

            if (Directory.Exists(path))
            {
                throw new IOException($"{path}: expected the name of a file to write, found a folder.");
            }

            places.Add(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }

        foreach (string place in places.Distinct())
        {
            try
            {
                Directory.CreateDirectory(place);
                string probe = Path.Combine(place, $"{Probe}-{Guid.NewGuid():N}");
                using FileStream file = new(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new IOException($"{place}: nothing can be written there: {Printable.Text(error.Message.ReplaceLineEndings(" ").TrimEnd('.'), 300)}.", error);
            }
        }
    }
}
