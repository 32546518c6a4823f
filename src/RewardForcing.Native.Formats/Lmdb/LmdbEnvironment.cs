using System.Text;
using RewardForcing.Native.Formats.Interop;

namespace RewardForcing.Native.Formats;

/// <summary>A folder that is an LMDB environment: values by key, in one file, mapped. What is written is there as a whole or not at all.</summary>
/// <remarks>
/// Through liblmdb. It trusts the pages of the file: a file that is cut short is refused here before any is read, but one that was altered inside
/// can make the library fail in ways no program survives, so open only what you trust.
/// </remarks>
public sealed class LmdbEnvironment : IDisposable
{
    private const string File = "data.mdb";
    private const long FirstMap = 4 << 20;
    private const uint OwnerWrites = 0x1A4;

    private readonly Lock _lock = new();
    private readonly string _path;
    private readonly bool _writes;
    private nint _environment;
    private nint _reading;
    private uint _database;
    private long _mapSize;
    private long _needed;

    private LmdbEnvironment(string path, bool writes) => (_path, _writes) = (path, writes);

    /// <summary>Whether a folder is an environment.</summary>
    /// <param name="folder">The folder.</param>
    public static bool Is(string folder) => System.IO.File.Exists(System.IO.Path.Combine(folder, File));

    /// <summary>Opens an environment to read it as it is now. Takes no lock, so that it may lie on a disk that cannot be written; nobody may write it meanwhile.</summary>
    /// <param name="folder">The folder with <c>data.mdb</c>.</param>
    /// <exception cref="ModelFormatException">It is none, is damaged, or there is no liblmdb.</exception>
    public static LmdbEnvironment Read(string folder)
    {
        LmdbEnvironment environment = new(folder, writes: false);
        try
        {
            environment.Open(LmdbCalls.ReadOnly | LmdbCalls.NoLock | LmdbCalls.NoThreadSlots | LmdbCalls.NoReadAhead | LmdbCalls.NoMemoryInit, 1);
            environment.RefuseShort();
            environment.Check(LmdbCalls.Begin(environment._environment, 0, LmdbCalls.ReadOnly, out environment._reading), "be read");
            environment.Check(LmdbCalls.OpenDatabase(environment._reading, 0, 0, out environment._database), "be read");
            return environment;
        }
        catch
        {
            environment.Dispose();
            throw;
        }
    }

    /// <summary>Opens an environment to write it, or makes one.</summary>
    /// <param name="folder">Made if it is missing.</param>
    /// <exception cref="ModelFormatException">It cannot be opened, is damaged, or there is no liblmdb.</exception>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    public static LmdbEnvironment Write(string folder)
    {
        LmdbEnvironment environment = new(folder, writes: true);
        try
        {
            PartialFile.MakeFolder(System.IO.Path.GetFullPath(folder));
            environment.Open(0, FirstMap);
            environment.RefuseShort();
            return environment;
        }
        catch (Exception error) when (WriteFailure.Is(error))
        {
            environment.Dispose();
            throw WriteFailure.Of(folder, error);
        }
        catch
        {
            environment.Dispose();
            throw;
        }
    }

    /// <summary>A copy of a value.</summary>
    /// <param name="key">Its key, UTF-8.</param>
    /// <param name="most">Bytes it may have.</param>
    /// <returns>Null if there is no such key.</returns>
    /// <exception cref="ModelFormatException">It is longer, or cannot be read.</exception>
    public byte[]? Find(string key, long most)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_environment == 0, this);
            if (!_writes)
            {
                RefuseCut();
                return Find(_reading, _database, key, most);
            }

            Check(LmdbCalls.Begin(_environment, 0, LmdbCalls.ReadOnly, out nint transaction), "be read");
            try
            {
                Check(LmdbCalls.OpenDatabase(transaction, 0, 0, out uint database), "be read");
                return Find(transaction, database, key, most);
            }
            finally
            {
                LmdbCalls.Abort(transaction);
            }
        }
    }

    /// <summary>Stores values, all of them or, if that fails, none; they are on disk when this returns.</summary>
    /// <param name="values">Keys, UTF-8, of 511 bytes at most, and what they are to lead to; older values are replaced.</param>
    /// <exception cref="IOException">They could not be written.</exception>
    public void Put(IReadOnlyList<(string Key, byte[] Value)> values)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_environment == 0, this);
            int result = TryPut(values);
            while (result == LmdbCalls.MapFull)
            {
                _mapSize *= 2;
                result = LmdbCalls.SetMapSize(_environment, (nuint)_mapSize);
                result = result == LmdbCalls.Success ? TryPut(values) : result;
            }

            if (result != LmdbCalls.Success)
            {
                throw new IOException($"{_path}: could not be written: {LmdbCalls.Text(result)}.");
            }
        }
    }

    /// <summary>Closes the environment.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_reading != 0)
            {
                LmdbCalls.Abort(_reading);
            }

            if (_environment != 0)
            {
                LmdbCalls.CloseEnvironment(_environment);
            }

            (_environment, _reading) = (0, 0);
        }
    }

    private void Open(uint flags, long least)
    {
        if (LmdbLibrary.Location is null)
        {
            throw new ModelFormatException(_path, $"is an LMDB environment, which {LmdbLibrary.Missing}");
        }

        // The mapping covers the file and no more: what others wrote reserves up to terabytes.
        FileInfo file = new(System.IO.Path.Combine(_path, File));
        _mapSize = Math.Max(file.Exists ? file.Length : 0, least);
        Check(LmdbCalls.CreateEnvironment(out _environment), "be opened");
        Check(LmdbCalls.SetMapSize(_environment, (nuint)_mapSize), "be opened");
        Check(LmdbCalls.OpenEnvironment(_environment, _path, flags, OwnerWrites), "be opened");
    }

    // A page behind the end of a mapped file would stop the process.
    private void RefuseShort()
    {
        Check(LmdbCalls.Stat(_environment, out LmdbCalls.Statistics statistics), "be read");
        Check(LmdbCalls.Describe(_environment, out LmdbCalls.Description description), "be read");
        UInt128 needed = ((UInt128)description.LastPage + 1) * statistics.PageSize;
        _needed = needed <= long.MaxValue ? (long)needed : long.MaxValue;
        _mapSize = Math.Max(_mapSize, (long)description.MapSize);
        RefuseCut();
    }

    private void RefuseCut()
    {
        FileInfo file = new(System.IO.Path.Combine(_path, File));
        long length = file.Exists ? file.Length : 0;
        if (length < _needed)
        {
            throw new ModelFormatException(file.ToString(), $"has {length:N0} bytes, but its pages take {_needed:N0}; it is cut short or damaged, copy it again");
        }
    }

    private byte[]? Find(nint transaction, uint database, string key, long most)
    {
        int result = LmdbCalls.Get(transaction, database, Encoding.UTF8.GetBytes(key), most, out long size, out byte[]? value);
        if (result == LmdbCalls.NotFound)
        {
            return null;
        }

        Check(result, "be read");
        return value ?? throw new ModelFormatException(_path, $"{Printable.Text(key)} has {size:N0} bytes, expected at most {most:N0}", key);
    }

    private int TryPut(IReadOnlyList<(string Key, byte[] Value)> values)
    {
        int result = LmdbCalls.Begin(_environment, 0, 0, out nint transaction);
        if (result != LmdbCalls.Success)
        {
            return result;
        }

        result = LmdbCalls.OpenDatabase(transaction, 0, 0, out uint database);
        for (int i = 0; i < values.Count && result == LmdbCalls.Success; i++)
        {
            result = LmdbCalls.Put(transaction, database, Encoding.UTF8.GetBytes(values[i].Key), values[i].Value);
        }

        if (result != LmdbCalls.Success)
        {
            LmdbCalls.Abort(transaction);
            return result;
        }

        return LmdbCalls.Commit(transaction);
    }

    private void Check(int result, string what)
    {
        if (result != LmdbCalls.Success)
        {
            throw new ModelFormatException(_path, $"cannot {what} as an LMDB environment: {LmdbCalls.Text(result)}");
        }
    }
}
