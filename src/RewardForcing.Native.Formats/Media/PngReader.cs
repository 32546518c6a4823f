using System.IO.Compression;

namespace RewardForcing.Native.Formats;

/// <summary>
/// Reads PNG pictures of every colour type, bit depth and interlace as 8-bit RGB. Alpha and transparency are dropped and 16-bit samples keep
/// their high byte, as the reference's image library does.
/// </summary>
/// <remarks>PNG specification, third edition. Memory is bounded by the size of the file before anything is decompressed.</remarks>
public static class PngReader
{
    // Deflate cannot make more of a byte than this, so a header that claims more lies.
    private const long MostDeflateRatio = 1032;
    private const long MaxFileBytes = 1 << 29;

    /// <summary>Reads a picture; of an animated PNG, the one that is shown where nothing moves.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelFormatException">It is missing, no PNG, damaged, or larger than any model can use; the message says which.</exception>
    public static Picture Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Decode(ReadFile(path), path);
    }

    /// <summary>Reads a whole file of plausible size.</summary>
    internal static byte[] ReadFile(string path) => MappedFile.ReadWhole(path, MaxFileBytes, "a picture");

    /// <summary>Reads a picture from memory.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="file">Its name, for messages.</param>
    internal static Picture Decode(byte[] bytes, string file)
    {
        PngLayout layout = PngLayout.Read(bytes, file);
        PngHeader header = layout.Header;
        if (header.DataBytes > MostDeflateRatio * layout.DataBytes)
        {
            throw new ModelFormatException(
                file, $"claims {header.Width} x {header.Height} pixels, {header.DataBytes:N0} bytes, which {layout.DataBytes:N0} compressed bytes cannot hold", "IHDR");
        }

        byte[] rgb24 = new byte[header.Width * header.Height * 3];
        using ZLibStream zlib = new(new PieceStream(layout.Data), CompressionMode.Decompress);
        try
        {
            foreach ((int x, int y, int stepX, int stepY) in header.Passes)
            {
                ReadPass(zlib, layout, (x, y, stepX, stepY), rgb24, file);
            }

            if (zlib.ReadByte() >= 0)
            {
                throw new ModelFormatException(file, $"has more pixels than its {header.Width} x {header.Height}", "IDAT");
            }
        }
        catch (InvalidDataException error)
        {
            throw new ModelFormatException(file, "is damaged: its pixels cannot be decompressed", "IDAT", error);
        }

        return new Picture(header.Width, header.Height, rgb24);
    }

    private static void ReadPass(Stream stream, PngLayout layout, (int X, int Y, int StepX, int StepY) pass, byte[] rgb24, string file)
    {
        PngHeader header = layout.Header;
        (int columns, int rows) = header.PassSize(pass.X, pass.Y, pass.StepX, pass.StepY);
        if (columns == 0)
        {
            return;
        }

        int rowBytes = header.RowBytes(columns);
        byte[] current = new byte[rowBytes + 1], above = new byte[rowBytes + 1];
        for (int row = 0; row < rows; row++)
        {
            if (stream.ReadAtLeast(current, current.Length, throwOnEndOfStream: false) < current.Length)
            {
                throw new ModelFormatException(file, $"is cut short: its pixels end in row {pass.Y + (row * pass.StepY)} of {header.Height}", "IDAT");
            }

            if (current[0] > 4)
            {
                throw new ModelFormatException(file, $"is damaged: row {pass.Y + (row * pass.StepY)} has filter {current[0]}, expected 0 to 4", "IDAT");
            }

            PngFilter.Undo(current[0], current.AsSpan(1), above.AsSpan(1), Math.Max(1, header.PixelBits / 8));
            int start = (((pass.Y + (row * pass.StepY)) * header.Width) + pass.X) * 3;
            PngPixels.Expand(current.AsSpan(1), columns, layout, rgb24.AsSpan(start), pass.StepX * 3, file);
            (current, above) = (above, current);
        }
    }

    /// <summary>The pieces of the pixels as one stream.</summary>
    private sealed class PieceStream(IReadOnlyList<ArraySegment<byte>> pieces) : Stream
    {
        private int _piece;
        private int _offset;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            while (_piece < pieces.Count && _offset == pieces[_piece].Count)
            {
                (_piece, _offset) = (_piece + 1, 0);
            }

            if (_piece == pieces.Count)
            {
                return 0;
            }

            ReadOnlySpan<byte> rest = pieces[_piece].AsSpan(_offset);
            int count = Math.Min(rest.Length, buffer.Length);
            rest[..count].CopyTo(buffer);
            _offset += count;
            return count;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
