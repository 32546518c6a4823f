using System.Runtime.InteropServices;

namespace RewardForcing.Native.Formats.Interop;

/// <summary>Functions of liblmdb, named as in <c>lmdb.h</c>.</summary>
internal static unsafe partial class LmdbCalls
{
    public const int Success = 0;
    public const int NotFound = -30798;
    public const int MapFull = -30792;

    public const uint ReadOnly = 0x20000;
    public const uint NoThreadSlots = 0x200000;
    public const uint NoLock = 0x400000;
    public const uint NoReadAhead = 0x800000;
    public const uint NoMemoryInit = 0x1000000;

    private const string Library = "lmdb";

    /// <summary><c>MDB_stat</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Statistics
    {
        public uint PageSize;
        public uint Depth;
        public nuint BranchPages;
        public nuint LeafPages;
        public nuint OverflowPages;
        public nuint Entries;
    }

    /// <summary><c>MDB_envinfo</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Description
    {
        public nint Address;
        public nuint MapSize;
        public nuint LastPage;
        public nuint LastTransaction;
        public uint MaxReaders;
        public uint Readers;
    }

    /// <summary>Gives the functions the library that was found for them. Called before any of them.</summary>
    public static void Bind(nint library) =>
        NativeLibrary.SetDllImportResolver(typeof(LmdbCalls).Assembly, (name, _, _) => name == Library ? library : 0);

    /// <summary>Looks a key up.</summary>
    /// <param name="transaction">An open transaction.</param>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="most">Bytes of a value that is copied.</param>
    /// <param name="size">Bytes the value has.</param>
    /// <param name="value">A copy of it; null if it is longer.</param>
    public static int Get(nint transaction, uint database, ReadOnlySpan<byte> key, long most, out long size, out byte[]? value)
    {
        fixed (byte* keyBytes = key)
        {
            Value lookup = new() { Size = (nuint)key.Length, Content = keyBytes }, found = default;
            int result = Get(transaction, database, &lookup, &found);
            size = result == Success ? (long)found.Size : 0;
            value = result == Success && size <= most ? new ReadOnlySpan<byte>(found.Content, (int)size).ToArray() : null;
            return result;
        }
    }

    /// <summary>Stores a value.</summary>
    public static int Put(nint transaction, uint database, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        fixed (byte* keyBytes = key, valueBytes = value)
        {
            Value from = new() { Size = (nuint)key.Length, Content = keyBytes }, to = new() { Size = (nuint)value.Length, Content = valueBytes };
            return Put(transaction, database, &from, &to, 0);
        }
    }

    public static string Text(int result) => Marshal.PtrToStringUTF8(Describe(result)) ?? $"error {result}";

    [LibraryImport(Library, EntryPoint = "mdb_env_create")]
    public static partial int CreateEnvironment(out nint environment);

    [LibraryImport(Library, EntryPoint = "mdb_env_set_mapsize")]
    public static partial int SetMapSize(nint environment, nuint bytes);

    [LibraryImport(Library, EntryPoint = "mdb_env_open", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int OpenEnvironment(nint environment, string path, uint flags, uint mode);

    [LibraryImport(Library, EntryPoint = "mdb_env_stat")]
    public static partial int Stat(nint environment, out Statistics statistics);

    [LibraryImport(Library, EntryPoint = "mdb_env_info")]
    public static partial int Describe(nint environment, out Description description);

    [LibraryImport(Library, EntryPoint = "mdb_env_close")]
    public static partial void CloseEnvironment(nint environment);

    [LibraryImport(Library, EntryPoint = "mdb_txn_begin")]
    public static partial int Begin(nint environment, nint parent, uint flags, out nint transaction);

    [LibraryImport(Library, EntryPoint = "mdb_txn_commit")]
    public static partial int Commit(nint transaction);

    [LibraryImport(Library, EntryPoint = "mdb_txn_abort")]
    public static partial void Abort(nint transaction);

    [LibraryImport(Library, EntryPoint = "mdb_dbi_open")]
    public static partial int OpenDatabase(nint transaction, nint name, uint flags, out uint database);

    [LibraryImport(Library, EntryPoint = "mdb_get")]
    private static partial int Get(nint transaction, uint database, Value* key, Value* value);

    [LibraryImport(Library, EntryPoint = "mdb_put")]
    private static partial int Put(nint transaction, uint database, Value* key, Value* value, uint flags);

    [LibraryImport(Library, EntryPoint = "mdb_strerror")]
    private static partial nint Describe(int result);

    // MDB_val.
    [StructLayout(LayoutKind.Sequential)]
    private struct Value
    {
        public nuint Size;
        public byte* Content;
    }
}
