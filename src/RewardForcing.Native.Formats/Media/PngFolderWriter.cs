namespace RewardForcing.Native.Formats;

/// <summary>Writes a folder of numbered PNG files, <c>frame_000000.png</c> and on: under a temporary name until the last frame is there.</summary>
internal sealed class PngFolderWriter : VideoWriter
{
    private const string Prefix = "frame_";
    private const string Extension = ".png";
    private const string LockName = "writing.lock";
    private readonly PngEncoder _encoder;
    private readonly string _target;
    private readonly string _temporary;
    private readonly FileStream _lock;

    public PngFolderWriter(string path, int width, int height)
        : base(width, height)
    {
        _encoder = new PngEncoder(width, height);
        _target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Path.GetDirectoryName(_target) is not string above || !MayReplace(_target))
        {
            throw new IOException($"{path}: expected the name of a folder for frames, found something else there that would be lost; move it or name another.");
        }

        PartialFile.MakeFolder(above);
        RemoveStale(_target);
        _temporary = PartialFile.TemporaryName(_target);
        Directory.CreateDirectory(_temporary);
        _lock = new FileStream(Path.Combine(_temporary, LockName), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
    }

    private protected override void Add(ReadOnlySpan<byte> frame)
    {
        using FileStream file = new(Path.Combine(_temporary, $"{Prefix}{Frames:D6}{Extension}"), FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        PngWriter.Write(file, _encoder, frame);
        file.Flush(flushToDisk: true);
    }

    private protected override void Finish()
    {
        Unlock();
        string? older = null;
        if (Directory.Exists(_target))
        {
            older = PartialFile.TemporaryName(_target);
            Directory.Move(_target, older);
        }

        Directory.Move(_temporary, _target);
        if (older is not null)
        {
            Directory.Delete(older, recursive: true);
        }
    }

    private protected override void Close(bool completed)
    {
        if (!completed)
        {
            Unlock();
            if (Directory.Exists(_temporary))
            {
                Directory.Delete(_temporary, recursive: true);
            }
        }
    }

    private void Unlock()
    {
        _lock.Dispose();
        File.Delete(Path.Combine(_temporary, LockName));
    }

    // Only a folder of frames, or an empty one, is ever replaced.
    private static bool MayReplace(string target)
    {
        return !File.Exists(target) && (!Directory.Exists(target) || Directory.EnumerateFileSystemEntries(target).All(IsFrame));
    }

    private static bool IsFrame(string path)
    {
        string name = Path.GetFileName(path);
        return name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(Extension, StringComparison.Ordinal)
            && !name.AsSpan(Prefix.Length, name.Length - Prefix.Length - Extension.Length).ContainsAnyExceptInRange('0', '9');
    }

    private static void RemoveStale(string target)
    {
        foreach (string path in PartialFile.Leftovers(target))
        {
            string key = Path.Combine(path, LockName);
            if (Directory.Exists(path) && (!File.Exists(key) || PartialFile.IsAbandoned(key)))
            {
                Directory.Delete(path, recursive: true);
            }
        }
    }
}
