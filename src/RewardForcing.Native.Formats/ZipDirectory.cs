using System.Buffers.Binary;
using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>Reads the directory of a zip whose entries are stored, as PyTorch writes them, and checks it against the file.</summary>
/// <remarks>
/// APPNOTE 6.3. Nothing is ever written to disk or inflated. Where readers of zip files differ in what they believe, this one refuses:
/// the directory ends where the end record begins, names occur once, local headers agree with it, and entries do not overlap.
/// </remarks>
internal sealed class ZipDirectory
{
    private const int EndLength = 22;
    private const int LocatorLength = 20;
    private const int End64Length = 56;
    private const int CentralLength = 46;
    private const int LocalLength = 30;
    private const int MaxDirectory = 64 << 20;
    private const int MaxEntries = 250_000;
    private const ushort Encrypted = 0x2041;
    private const ushort SizesFollow = 0x0008;

    // No regular end of text: a name that is not UTF-8 must not become another one.
    private static readonly UTF8Encoding _utf8 = new(false, throwOnInvalidBytes: true);

    private readonly MappedFile _file;
    private readonly Dictionary<string, ZipRecord> _records = new(StringComparer.Ordinal);

    private ZipDirectory(MappedFile file) => _file = file;

    /// <summary>All entries by name.</summary>
    public IReadOnlyDictionary<string, ZipRecord> Records => _records;

    /// <summary>Reads and checks the directory.</summary>
    /// <exception cref="ModelFormatException">Anything is wrong.</exception>
    public static ZipDirectory Read(MappedFile file)
    {
        ZipDirectory directory = new(file);
        (long start, long length, long count) = directory.FindDirectory();
        directory.ReadEntries(start, length, count);
        directory.CheckOverlap(start);
        return directory;
    }

    private (long Start, long Length, long Count) FindDirectory()
    {
        byte[] tail = new byte[(int)Math.Min(_file.Length, EndLength + ushort.MaxValue)];
        _file.Read(_file.Length - tail.Length, tail);
        int at = tail.Length - EndLength;
        while (at >= 0 && !(U32(tail, at) == 0x06054B50 && at + EndLength + U16(tail, at + 20) == tail.Length))
        {
            at--;
        }

        if (at < 0)
        {
            throw new ModelFormatException(_file.Path, "has no end record of a zip at its end; it is cut short or damaged");
        }

        ReadOnlySpan<byte> end = tail.AsSpan(at);
        long position = _file.Length - tail.Length + at;
        (long disk, long count, long length, long start) = (U16(end, 4) | U16(end, 6), U16(end, 10), U32(end, 12), U32(end, 16));
        bool isConsistent = U16(end, 8) == U16(end, 10);
        long directoryEnd = position;
        if (FindEnd64(position) is (long at64, byte[] end64))
        {
            (ulong count64, ulong length64, ulong start64) = (U64(end64, 32), U64(end64, 40), U64(end64, 48));
            isConsistent &= Agrees(count, ushort.MaxValue, count64) && Agrees(length, uint.MaxValue, length64) && Agrees(start, uint.MaxValue, start64)
                && U64(end64, 24) == count64 && (count64 | length64 | start64) <= long.MaxValue;
            disk |= U32(end64, 16) | U32(end64, 20);
            (count, length, start) = ((long)count64, (long)length64, (long)start64);
            directoryEnd = at64;
        }

        if (disk != 0)
        {
            throw new ModelFormatException(_file.Path, $"is one part of a zip in several parts, expected the whole (byte {position:N0})");
        }

        if (!isConsistent || start < 0 || length < 0 || start > directoryEnd || length != directoryEnd - start || count > length / CentralLength)
        {
            throw new ModelFormatException(
                _file.Path, $"has a damaged end record: a directory of {count:N0} entries and {length:N0} bytes at {start:N0} does not fit before byte {directoryEnd:N0}");
        }

        return length <= MaxDirectory && count <= MaxEntries ? (start, length, count)
            : throw new ModelFormatException(_file.Path, $"has {count:N0} entries, expected at most {MaxEntries:N0}");
    }

    private static bool Agrees(long value, long saturated, ulong value64) => value == saturated || (ulong)value == value64;

    private (long At, byte[] Record)? FindEnd64(long end)
    {
        if (end < LocatorLength + End64Length)
        {
            return null;
        }

        Span<byte> locator = stackalloc byte[LocatorLength];
        _file.Read(end - LocatorLength, locator);
        if (U32(locator, 0) != 0x07064B50)
        {
            return null;
        }

        ulong at = U64(locator, 8);
        byte[] record = new byte[End64Length];
        if (at <= (ulong)(end - LocatorLength - End64Length))
        {
            _file.Read((long)at, record);
        }

        // The record has to fill the space up to its locator, or there would be room for a second truth.
        return U32(record, 0) == 0x06064B50 && U64(record, 4) + 12 == (ulong)(end - LocatorLength) - at && U32(locator, 4) == 0 && U32(locator, 16) <= 1
            ? ((long)at, record)
            : throw new ModelFormatException(_file.Path, $"has a damaged 64-bit end record (byte {end - LocatorLength:N0} says it is at {at:N0})");
    }

    private void ReadEntries(long start, long length, long count)
    {
        byte[] directory = GC.AllocateUninitializedArray<byte>((int)length);
        _file.Read(start, directory);
        int at = 0;
        for (long i = 0; i < count; i++)
        {
            if (directory.Length - at < CentralLength || U32(directory, at) != 0x02014B50)
            {
                throw new ModelFormatException(_file.Path, $"has a damaged directory: entry {i} of {count} is not where it should be (byte {start + at:N0})");
            }

            ReadOnlySpan<byte> entry = directory.AsSpan(at);
            (int nameLength, int extraLength, int commentLength) = (U16(entry, 28), U16(entry, 30), U16(entry, 32));
            int entryLength = CentralLength + nameLength + extraLength + commentLength;
            if (entryLength > entry.Length)
            {
                throw new ModelFormatException(_file.Path, $"has a damaged directory: entry {i} of {count} ends behind it (byte {start + at:N0})");
            }

            string name = Name(entry.Slice(CentralLength, nameLength), start + at);
            ZipRecord record = ReadEntry(name, entry[..CentralLength], entry.Slice(CentralLength + nameLength, extraLength), start);
            if (!_records.TryAdd(name, record))
            {
                throw Error(name, "is in the directory twice");
            }

            at += entryLength;
        }

        if (at != directory.Length)
        {
            throw new ModelFormatException(_file.Path, $"has a damaged directory: {directory.Length - at:N0} bytes follow the last of {count} entries (byte {start + at:N0})");
        }
    }

    private string Name(ReadOnlySpan<byte> bytes, long position)
    {
        string name;
        try
        {
            name = _utf8.GetString(bytes);
        }
        catch (DecoderFallbackException error)
        {
            throw new ModelFormatException(_file.Path, $"has an entry whose name is not valid UTF-8 (byte {position:N0})", null, error);
        }

        // A folder's own entry ends in a slash.
        string[] parts = (name.EndsWith('/') ? name[..^1] : name).Split('/');
        bool isPlain = !name.Contains('\\', StringComparison.Ordinal) && !name.Any(char.IsControl) && !(name.Length > 1 && name[1] == ':')
            && parts.All(static part => part is not ("" or "." or ".."));
        return isPlain ? name : throw Error(name, "has a name that leads out of the archive");
    }

    private ZipRecord ReadEntry(string name, ReadOnlySpan<byte> entry, ReadOnlySpan<byte> extra, long directoryStart)
    {
        (int flags, int method, uint checksum) = (U16(entry, 8), U16(entry, 10), U32(entry, 16));
        if ((flags & Encrypted) != 0)
        {
            throw Error(name, "is encrypted");
        }

        if (method != 0)
        {
            throw Error(name, $"is compressed by method {method}, expected stored entries as PyTorch writes them; save the checkpoint again with torch.save");
        }

        ReadOnlySpan<byte> wide = Wide(name, extra);
        ulong length = Widen(name, U32(entry, 24), ref wide);
        ulong stored = Widen(name, U32(entry, 20), ref wide);
        ulong local = Widen(name, U32(entry, 42), ref wide);
        if (U16(entry, 34) != 0)
        {
            throw Error(name, "is said to be in another part of a zip in several parts");
        }

        if (length != stored || local > (ulong)directoryStart || directoryStart - (long)local < LocalLength)
        {
            throw Error(name, $"is damaged: {length:N0} bytes, stored as {stored:N0}, at byte {local:N0} do not fit before the directory at {directoryStart:N0}");
        }

        long content = ReadLocal(name, (long)local, length, checksum);
        return content <= directoryStart && length <= (ulong)(directoryStart - content) ? new ZipRecord(name, (long)local, content, (long)length, checksum)
            : throw Error(name, $"has {length:N0} bytes at byte {content:N0}, which end behind the directory's start at {directoryStart:N0}");
    }

    private long ReadLocal(string name, long position, ulong length, uint checksum)
    {
        byte[] header = new byte[LocalLength];
        _file.Read(position, header);
        if (U32(header, 0) != 0x04034B50)
        {
            throw Error(name, $"has no header (byte {position:N0})");
        }

        (int flags, int nameLength, int extraLength) = (U16(header, 6), U16(header, 26), U16(header, 28));
        if (nameLength + extraLength > _file.Length - position - LocalLength)
        {
            throw Error(name, $"has a header that ends behind the file (byte {position:N0})");
        }

        byte[] rest = new byte[nameLength + extraLength];
        _file.Read(position + LocalLength, rest);
        ReadOnlySpan<byte> wide = Wide(name, rest.AsSpan(nameLength));
        ulong localLength = Widen(name, U32(header, 22), ref wide);
        ulong localStored = Widen(name, U32(header, 18), ref wide);
        uint localChecksum = U32(header, 14);

        // A writer that streams leaves these at 0 and repeats them behind the content.
        bool follow = (flags & SizesFollow) != 0;
        bool agrees = rest.AsSpan(0, nameLength).SequenceEqual(_utf8.GetBytes(name)) && U16(header, 8) == 0 && (flags & Encrypted) == 0
            && (localLength == length || (follow && localLength == 0)) && (localStored == length || (follow && localStored == 0))
            && (localChecksum == checksum || (follow && localChecksum == 0));
        return agrees ? position + LocalLength + rest.Length
            : throw Error(name, $"is described differently by its own header and by the directory (byte {position:N0})");
    }

    /// <summary>The 64-bit numbers among the extra fields.</summary>
    private ReadOnlySpan<byte> Wide(string name, ReadOnlySpan<byte> extra)
    {
        ReadOnlySpan<byte> wide = default;
        bool isFound = false;
        while (extra.Length >= 4)
        {
            (int id, int length) = (U16(extra, 0), U16(extra, 2));
            if (length > extra.Length - 4 || (id == 1 && isFound))
            {
                throw Error(name, "has damaged extra fields");
            }

            if (id == 1)
            {
                wide = extra.Slice(4, length);
                isFound = true;
            }

            extra = extra[(4 + length)..];
        }

        return wide;
    }

    private ulong Widen(string name, uint value, ref ReadOnlySpan<byte> wide)
    {
        if (value != uint.MaxValue)
        {
            return value;
        }

        if (wide.Length < 8)
        {
            throw Error(name, "lacks a 64-bit number that it announces");
        }

        ulong number = U64(wide, 0);
        wide = wide[8..];
        return number <= long.MaxValue ? number : throw Error(name, $"claims the size or position {number:N0}");
    }

    private void CheckOverlap(long directoryStart)
    {
        ZipRecord? previous = null;
        foreach (ZipRecord record in _records.Values.OrderBy(static record => record.Start))
        {
            if (previous is not null && record.Start < previous.Offset + previous.Length)
            {
                throw Error(record.Name, $"overlaps entry {Printable.Text(previous.Name)} (byte {record.Start:N0})");
            }

            previous = record;
        }

        if (previous is not null && previous.Offset + previous.Length > directoryStart)
        {
            throw Error(previous.Name, $"overlaps the directory (byte {directoryStart:N0})");
        }
    }

    private static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    private ModelFormatException Error(string name, string sentence) => new(_file.Path, $"entry {Printable.Text(name)} {sentence}", name);
}
