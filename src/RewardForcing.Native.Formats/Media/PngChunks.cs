using System.Buffers.Binary;

namespace RewardForcing.Native.Formats;

/// <summary>Writes the parts of a PNG: signature and chunks with their checksums.</summary>
/// <remarks>PNG specification, third edition, section 5.</remarks>
internal static class PngChunks
{
    /// <summary>Length, type and checksum around a chunk's content.</summary>
    public const int Overhead = 12;

    /// <summary>Largest content of one chunk of pixels; more is split, which readers must expect.</summary>
    public const int MaxPart = 1 << 20;

    /// <summary>The eight bytes every PNG begins with.</summary>
    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Writes one chunk.</summary>
    /// <param name="stream">Target.</param>
    /// <param name="type">Four letters.</param>
    /// <param name="content">Goes before <paramref name="rest"/>.</param>
    /// <param name="rest">The remainder of the content.</param>
    public static void Write(Stream stream, ReadOnlySpan<byte> type, ReadOnlySpan<byte> content, ReadOnlySpan<byte> rest = default)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, content.Length + rest.Length);
        stream.Write(number);
        stream.Write(type);
        stream.Write(content);
        stream.Write(rest);
        Crc32 checksum = new();
        checksum.Append(type);
        checksum.Append(content);
        checksum.Append(rest);
        BinaryPrimitives.WriteUInt32BigEndian(number, checksum.Value);
        stream.Write(number);
    }

    /// <summary>Writes the header of a picture of 8-bit RGB without interlace.</summary>
    public static void WriteHeader(Stream stream, int width, int height)
    {
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        header[8] = 8;
        header[9] = 2;
        Write(stream, "IHDR"u8, header);
    }
}
