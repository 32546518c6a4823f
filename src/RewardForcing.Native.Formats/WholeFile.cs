namespace RewardForcing.Native.Formats;

/// <summary>Writes files that are either whole or not there: under a temporary name beside the target, flushed to disk, then renamed.</summary>
public static class WholeFile
{
    private const int BufferSize = 1 << 20;

    /// <summary>Writes one file. If <paramref name="write"/> fails, nothing is left and an older file of that name stays as it was.</summary>
    /// <param name="path">Target; its folder is made if it is missing.</param>
    /// <param name="write">Writes the content; the stream is seekable.</param>
    public static void Write(string path, Action<FileStream> write)
    {
        string target = Path.GetFullPath(path);
        string folder = Path.GetDirectoryName(target)!;
        Directory.CreateDirectory(folder);
        string temporary = Path.Combine(folder, $".{Path.GetFileName(target)}.{Guid.NewGuid():N}.part");
        try
        {
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, BufferSize))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
