namespace RewardForcing.Native.Formats;

/// <summary>A file that grows by whole pieces: a piece that could not be written whole is taken back, and what was appended survives a process that is killed.</summary>
/// <remarks>Others may read it meanwhile. A piece may be torn only if the process is killed, or the machine stops, while it is written.</remarks>
public sealed class AppendedFile : IDisposable
{
    private readonly string _path;
    private readonly FileStream _stream;

    private AppendedFile(string path, FileStream stream) => (_path, _stream) = (path, stream);

    /// <summary>Opens a file, to go on behind what it has.</summary>
    /// <param name="path">Its folder is made if it is missing.</param>
    /// <param name="isNew">Whether there must be no such file yet.</param>
    /// <exception cref="IOException">It cannot be opened for writing, or is there already.</exception>
    public static AppendedFile Open(string path, bool isNew = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            PartialFile.MakeFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);

            // Unbuffered: a piece goes to the system at once and as one.
            FileStream stream = new(path, isNew ? FileMode.CreateNew : FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, 0);
            stream.Seek(0, SeekOrigin.End);
            return new AppendedFile(path, stream);
        }
        catch (Exception error) when (WriteFailure.Is(error))
        {
            throw WriteFailure.Of(path, error);
        }
    }

    /// <summary>Keeps the first bytes only.</summary>
    /// <param name="keep">Says how many of them, given the content from its start.</param>
    /// <exception cref="IOException">It cannot be read or cut.</exception>
    public void Cut(Func<Stream, long> keep)
    {
        _stream.Seek(0, SeekOrigin.Begin);
        long length = keep(_stream);
        Try(() => _stream.SetLength(length));
        _stream.Seek(0, SeekOrigin.End);
    }

    /// <summary>Adds a piece.</summary>
    /// <param name="piece">All of it or, if that fails, none of it is there afterwards.</param>
    /// <exception cref="IOException">It could not be written; the message names the file and the reason.</exception>
    public void Append(ReadOnlySpan<byte> piece)
    {
        long before = _stream.Position;
        try
        {
            _stream.Write(piece);
        }
        catch (Exception error) when (WriteFailure.Is(error))
        {
            Try(() => _stream.SetLength(before));
            throw WriteFailure.Of(_path, error);
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _stream.Dispose();

    private void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (WriteFailure.Is(error))
        {
            throw WriteFailure.Of(_path, error);
        }
    }
}
