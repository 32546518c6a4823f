using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>
/// A file being written: under a temporary name beside its target, renamed when it is whole. A process that is killed leaves the temporary
/// file, and the next one that writes the same target removes it; one that is still being written is locked and stays.
/// </summary>
internal sealed class PartialFile : IDisposable
{
    private const string Suffix = ".part";
    private const int BufferSize = 1 << 20;

    // Names have 255 bytes on most file systems.
    private const int MaxStem = 200;
    private readonly string _target;
    private bool _finished;

    private PartialFile(string target, string temporaryPath, FileStream stream)
    {
        _target = target;
        TemporaryPath = temporaryPath;
        Stream = stream;
    }

    /// <summary>The name the content has until it is whole.</summary>
    public string TemporaryPath { get; }

    /// <summary>The content; seekable.</summary>
    public FileStream Stream { get; }

    /// <summary>Starts a file.</summary>
    /// <param name="path">Target; its folder is made if it is missing.</param>
    /// <param name="share">What another program may do with the temporary file meanwhile.</param>
    public static PartialFile Create(string path, FileShare share = FileShare.None)
    {
        string target = Path.GetFullPath(path);
        if (Directory.Exists(target))
        {
            throw new IOException($"{path}: expected the name of a file to write, found a folder.");
        }

        try
        {
            MakeFolder(Path.GetDirectoryName(target)!);
            RemoveStale(target);
            string temporary = TemporaryName(target);
            return new PartialFile(target, temporary, new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite, share, BufferSize));
        }
        catch (Exception error) when (WriteFailure.Is(error))
        {
            throw WriteFailure.Of(path, error);
        }
    }

    /// <summary>Makes a folder and those above it.</summary>
    /// <exception cref="IOException">One of them is a file, or it cannot be made.</exception>
    public static void MakeFolder(string folder)
    {
        for (string? above = folder; above is not null; above = Path.GetDirectoryName(above))
        {
            if (File.Exists(above))
            {
                throw new IOException($"{above} is a file, expected a folder");
            }
        }

        Directory.CreateDirectory(folder);
    }

    /// <summary>A name beside a target that tells what it is, and that nothing else has.</summary>
    public static string TemporaryName(string target) =>
        Path.Combine(Path.GetDirectoryName(target)!, $".{Stem(target)}.{Guid.NewGuid():N}{Suffix}");

    /// <summary>What writers of a target left behind, whether or not they still run.</summary>
    public static IEnumerable<string> Leftovers(string target) =>
        Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(target)!).Where(path => IsTemporary(Path.GetFileName(path), Stem(target)));

    /// <summary>Whether nobody holds a file open any more.</summary>
    public static bool IsAbandoned(string path)
    {
        try
        {
            using FileStream probe = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Flushes the content to disk and gives it its name.</summary>
    public void Commit()
    {
        Stream.Flush(flushToDisk: true);
        Stream.Dispose();
        File.Move(TemporaryPath, _target, overwrite: true);
        _finished = true;
    }

    /// <summary>Removes the file unless it was committed.</summary>
    public void Dispose()
    {
        if (!_finished)
        {
            _finished = true;
            try
            {
                Stream.Dispose();
            }
            catch (Exception error) when (WriteFailure.Is(error))
            {
                // A full disk takes no last bytes either; the file is closed all the same, and goes away.
            }

            File.Delete(TemporaryPath);
        }
    }

    // The whole name, if there is room for the rest of a temporary one.
    private static string Stem(string target)
    {
        string name = Path.GetFileName(target);
        while (Encoding.UTF8.GetByteCount(name) > MaxStem)
        {
            name = name[..^(char.IsSurrogate(name[^1]) ? 2 : 1)];
        }

        return name;
    }

    private static void RemoveStale(string target)
    {
        foreach (string path in Leftovers(target))
        {
            if (File.Exists(path) && IsAbandoned(path))
            {
                File.Delete(path);
            }
        }
    }

    // .NAME.<32 hexadecimal digits>.part, and nothing that merely looks like it.
    private static bool IsTemporary(string name, string target)
    {
        return name.Length == target.Length + 34 + Suffix.Length && name[0] == '.' && name.EndsWith(Suffix, StringComparison.Ordinal)
            && name.AsSpan(1, target.Length).SequenceEqual(target) && name[target.Length + 1] == '.'
            && !name.AsSpan(target.Length + 2, 32).ContainsAnyExcept("0123456789abcdef");
    }
}
