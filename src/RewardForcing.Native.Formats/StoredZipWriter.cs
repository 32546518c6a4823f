using System.Buffers.Binary;
using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>Writes a zip of uncompressed entries whose content starts at multiples of 64 bytes, so that tensors can be mapped in place.</summary>
/// <remarks>APPNOTE 6.3.3; entries and archives beyond 4 GiB use the 64-bit records. PyTorch aligns its entries in the same way.</remarks>
internal sealed class StoredZipWriter(FileStream stream)
{
    private const int Alignment = 64;
    private const ushort PaddingField = 0x4246;
    private readonly List<(byte[] Name, uint Crc, long Size, long Offset)> _entries = [];

    public void Add(string name, long size, Action<Stream> write)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(name);
        long offset = stream.Position;
        bool large = size >= uint.MaxValue;
        int fixedPart = 30 + utf8.Length + (large ? 20 : 0) + 4;
        int padding = (int)((Alignment - ((offset + fixedPart) % Alignment)) % Alignment);
        Record header = new();
        header.Int(0x04034B50).Short(large ? 45 : 20).Short(1 << 11).Short(0).Short(0).Short(0x21).Int(0);
        header.Int(large ? uint.MaxValue : (uint)size).Int(large ? uint.MaxValue : (uint)size);
        header.Short(utf8.Length).Short(fixedPart - 30 - utf8.Length + padding).Bytes(utf8);
        if (large)
        {
            header.Short(1).Short(16).Long(size).Long(size);
        }

        header.Short(PaddingField).Short(padding).Bytes(new byte[padding]);
        header.CopyTo(stream);

        ChecksumStream content = new(stream);
        write(content);
        if (content.Written != size)
        {
            throw new InvalidOperationException($"{name}: expected {size} bytes to be written, got {content.Written}.");
        }

        long end = stream.Position;
        stream.Position = offset + 14;
        new Record().Int(content.Checksum).CopyTo(stream);
        stream.Position = end;
        _entries.Add((utf8, content.Checksum, size, offset));
    }

    public void Finish()
    {
        long start = stream.Position;
        foreach ((byte[] name, uint crc, long size, long offset) in _entries)
        {
            bool largeSize = size >= uint.MaxValue;
            bool largeOffset = offset >= uint.MaxValue;
            Record extra = new();
            if (largeSize || largeOffset)
            {
                extra.Short(1).Short((largeSize ? 16 : 0) + (largeOffset ? 8 : 0));
                _ = largeSize ? extra.Long(size).Long(size) : extra;
                _ = largeOffset ? extra.Long(offset) : extra;
            }

            Record record = new();
            int version = extra.Length > 0 ? 45 : 20;
            record.Int(0x02014B50).Short(version).Short(version).Short(1 << 11).Short(0).Short(0).Short(0x21).Int(crc);
            record.Int(largeSize ? uint.MaxValue : (uint)size).Int(largeSize ? uint.MaxValue : (uint)size);
            record.Short(name.Length).Short(extra.Length).Short(0).Short(0).Short(0).Int(0);
            record.Int(largeOffset ? uint.MaxValue : (uint)offset).Bytes(name);
            record.CopyTo(stream);
            extra.CopyTo(stream);
        }

        End(start, stream.Position - start);
    }

    private void End(long start, long length)
    {
        bool many = _entries.Count >= ushort.MaxValue;
        Record end = new();
        if (many || start >= uint.MaxValue || length >= uint.MaxValue)
        {
            end.Int(0x06064B50).Long(44).Short(45).Short(45).Int(0).Int(0).Long(_entries.Count).Long(_entries.Count).Long(length).Long(start);
            end.Int(0x07064B50).Int(0).Long(start + length).Int(1);
        }

        int count = many ? ushort.MaxValue : _entries.Count;
        end.Int(0x06054B50).Short(0).Short(0).Short(count).Short(count);
        end.Int((uint)Math.Min(length, uint.MaxValue)).Int((uint)Math.Min(start, uint.MaxValue)).Short(0);
        end.CopyTo(stream);
    }

    private sealed class Record
    {
        private readonly MemoryStream _bytes = new();

        public int Length => (int)_bytes.Length;

        public Record Short(int value) => Number((ulong)value, 2);

        public Record Int(uint value) => Number(value, 4);

        public Record Long(long value) => Number((ulong)value, 8);

        public Record Bytes(byte[] value)
        {
            _bytes.Write(value);
            return this;
        }

        public void CopyTo(Stream target) => target.Write(_bytes.GetBuffer(), 0, Length);

        private Record Number(ulong value, int size)
        {
            Span<byte> bytes = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
            _bytes.Write(bytes[..size]);
            return this;
        }
    }

    private sealed class ChecksumStream(Stream target) : Stream
    {
        private Crc32 _checksum = new();

        public uint Checksum => _checksum.Value;

        public long Written { get; private set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => Written;

        public override long Position { get => Written; set => throw new NotSupportedException(); }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _checksum.Append(buffer);
            Written += buffer.Length;
            target.Write(buffer);
        }

        public override void Flush() => target.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
