using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace RewardForcing.Native.Formats;

/// <summary>A file opened for reading and mapped on demand. It stays open until its owner and every mapping have let go.</summary>
internal sealed class MappedFile : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SafeFileHandle _handle;
    private readonly DateTime _written;
    private MemoryMappedFile? _map;
    private MemoryMappedViewAccessor? _view;
    private int _users = 1;
    private int _disposed;

    private MappedFile(string path, SafeFileHandle handle)
    {
        Path = path;
        _handle = handle;
        Length = RandomAccess.GetLength(handle);
        _written = File.GetLastWriteTimeUtc(handle);
    }

    public string Path { get; }

    /// <summary>Bytes the file had when it was opened.</summary>
    public long Length { get; }

    /// <summary>Opens a regular file that has content.</summary>
    /// <exception cref="ModelFormatException">There is no such file, or it cannot be read.</exception>
    public static MappedFile Open(string path)
    {
        SafeFileHandle? handle = null;
        try
        {
            RefuseOthers(path);
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return new MappedFile(path, handle);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            handle?.Dispose();
            throw new ModelFormatException(path, $"cannot be opened: {OneLine(error, path)}", null, error);
        }
    }

    /// <summary>Reads a small file as a whole.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">Bytes it may have.</param>
    /// <param name="what">What it is expected to be, for messages.</param>
    /// <exception cref="ModelFormatException">It cannot be read, or is larger.</exception>
    public static byte[] ReadWhole(string path, long most, string what)
    {
        using MappedFile file = Open(path);
        if (file.Length > most)
        {
            throw new ModelFormatException(path, $"has {file.Length:N0} bytes, expected {what} of at most {most:N0}");
        }

        byte[] bytes = GC.AllocateUninitializedArray<byte>((int)file.Length);
        file.Read(0, bytes);
        return bytes;
    }

    /// <summary>Reads bytes of the file without mapping it.</summary>
    public void Read(long position, Span<byte> target)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        try
        {
            while (target.Length > 0)
            {
                int count = RandomAccess.Read(_handle, target, position);
                if (count == 0)
                {
                    throw new ModelFormatException(Path, $"ended at byte {position:N0} while it was read; it had {Length:N0} bytes when it was opened");
                }

                position += count;
                target = target[count..];
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ModelFormatException(Path, $"cannot be read at byte {position:N0}: {OneLine(error, Path)}", null, error);
        }
    }

    /// <summary>Makes a range readable: in place if it starts at a multiple of <paramref name="alignment"/>, else as a copy.</summary>
    public TensorBytes Map(long position, long length, int alignment)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        RefuseChanged();
        if (length > 0 && position % alignment == 0)
        {
            return new TensorBytes(Share() + (nint)position, length, new User(this));
        }

        NativeBlock block = new(length);
        try
        {
            byte[] buffer = new byte[(int)Math.Min(1 << 20, length)];
            for (long done = 0; done < length;)
            {
                Span<byte> part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - done));
                Read(position + done, part);
                block.WriteSpan<byte>((ulong)done, part);
                done += part.Length;
            }

            return new TensorBytes(block.Address, length, block);
        }
        catch
        {
            block.Dispose();
            throw;
        }
    }

    /// <summary>Refuses a file that is no longer the one whose header was read: a mapped page behind its new end would stop the process.</summary>
    public void RefuseChanged()
    {
        long length = RandomAccess.GetLength(_handle);
        if (length != Length)
        {
            throw new ModelFormatException(Path, $"has changed since it was opened: it had {Length:N0} bytes then and has {length:N0} now; open it again");
        }

        if (File.GetLastWriteTimeUtc(_handle) != _written)
        {
            throw new ModelFormatException(Path, "was written to since it was opened; open it again");
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            Release();
        }
    }

    // Pipes and devices report no length and would block or never end; they are refused before they are opened.
    private static void RefuseOthers(string path)
    {
        if (Directory.Exists(path))
        {
            throw new ModelFormatException(path, "is a folder, expected a file");
        }

        FileInfo file = new(RealPath.Of(path));
        if (!file.Exists)
        {
            throw new ModelFormatException(path, "does not exist");
        }

        if (file.Length == 0)
        {
            throw new ModelFormatException(path, "is too short: it is empty, or no regular file");
        }
    }

    private static string OneLine(Exception error, string path)
    {
        string full = System.IO.Path.Combine(Environment.CurrentDirectory, path);
        string text = error.Message.Replace($" '{full}'", string.Empty, StringComparison.Ordinal).ReplaceLineEndings(" ");
        return Printable.Text(text, 300).TrimEnd('.', ' ');
    }

    private nint Share()
    {
        lock (_lock)
        {
            try
            {
                _map ??= MemoryMappedFile.CreateFromFile(_handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
                _view ??= _map.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
            {
                throw new ModelFormatException(Path, $"cannot be mapped: {OneLine(error, Path)}", null, error);
            }

            _users++;
            return _view.SafeMemoryMappedViewHandle.DangerousGetHandle() + (nint)_view.PointerOffset;
        }
    }

    private void Release()
    {
        lock (_lock)
        {
            if (--_users == 0)
            {
                _view?.Dispose();
                _map?.Dispose();
                _handle.Dispose();
            }
        }
    }

    private sealed class User(MappedFile file) : IDisposable
    {
        // Disposed once only: TensorBytes sees to that.
        public void Dispose() => file.Release();
    }
}
