namespace RewardForcing.Native.Cuda;

/// <summary>Files that processes share in a cache folder: each appears whole, by renaming, or not at all.</summary>
internal static class CacheFile
{
    /// <summary>Writes a file, and its folder if needed.</summary>
    /// <param name="path">The file; replaced if it is there.</param>
    /// <param name="write">Writes the contents.</param>
    /// <exception cref="IOException">The folder cannot be written; nothing is left in it.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string partial = $"{path}.{Guid.NewGuid():N}.partial";
        try
        {
            using (FileStream stream = new(partial, FileMode.CreateNew, FileAccess.Write))
            {
                write(stream);
            }

            File.Move(partial, path, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }

    /// <summary>Writes a file if that can be done: a full or read-only disk costs the time to make the contents again.</summary>
    public static void TryWrite(string path, Action<Stream> write)
    {
        try
        {
            Write(path, write);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // As if there were no cache.
        }
    }
}
