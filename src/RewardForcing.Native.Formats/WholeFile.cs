namespace RewardForcing.Native.Formats;

/// <summary>Writes files that are either whole or not there: under a temporary name beside the target, flushed to disk, then renamed.</summary>
public static class WholeFile
{
    /// <summary>Writes one file. If <paramref name="write"/> fails, nothing is left and an older file of that name stays as it was.</summary>
    /// <param name="path">Target; its folder is made if it is missing.</param>
    /// <param name="write">Writes the content; the stream is seekable.</param>
    /// <exception cref="IOException">It could not be written; the message names the file and the reason.</exception>
    public static void Write(string path, Action<FileStream> write)
    {
        using PartialFile file = PartialFile.Create(path);
        try
        {
            write(file.Stream);
            file.Commit();
        }
        catch (Exception error) when (WriteFailure.Is(error))
        {
            throw WriteFailure.Of(path, error);
        }
    }
}
