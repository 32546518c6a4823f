using System.IO.Compression;
using System.Numerics;

namespace RewardForcing.Native.Formats;

/// <summary>Compresses pictures of one size as PNG does: a filter for each row, then deflate. Buffers are kept from one picture to the next.</summary>
/// <remarks>
/// PNG specification, sections 9 and 12.7: each row takes the filter whose output, read as signed bytes, has the smallest sum of magnitudes.
/// </remarks>
internal sealed class PngEncoder
{
    private const int Filters = 5;
    private const int PixelBytes = 3;

    // Rows carry a black pixel before their first one, so that no filter needs a special case at the left edge.
    private readonly byte[] _previous;
    private readonly byte[] _current;
    private readonly byte[][] _filtered = new byte[Filters][];
    private readonly MemoryStream _compressed = new();
    private readonly int _rowBytes;

    public PngEncoder(int width, int height)
    {
        CheckSize(width, height);
        (Width, Height, _rowBytes) = (width, height, width * PixelBytes);
        _previous = new byte[_rowBytes + PixelBytes];
        _current = new byte[_rowBytes + PixelBytes];
        for (int filter = 0; filter < Filters; filter++)
        {
            _filtered[filter] = new byte[_rowBytes + 1];
            _filtered[filter][0] = (byte)filter;
        }
    }

    public int Width { get; }

    public int Height { get; }

    public int FrameBytes => _rowBytes * Height;

    /// <summary>Refuses sizes nobody can store.</summary>
    public static void CheckSize(int width, int height)
    {
        if (width < 1 || height < 1 || (long)width * height * PixelBytes > Array.MaxLength)
        {
            throw new ArgumentException($"A picture must have between 1 and {Array.MaxLength / PixelBytes:N0} pixels, got {width} x {height}.", nameof(width));
        }
    }

    /// <summary>The content of the picture's data chunks, valid until the next call.</summary>
    /// <param name="rgb24">One picture, <c>[H, W, 3]</c>.</param>
    public ReadOnlySpan<byte> Compress(ReadOnlySpan<byte> rgb24)
    {
        _compressed.SetLength(0);
        Span<byte> previous = _previous, current = _current;
        previous.Clear();
        using (ZLibStream zlib = new(_compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            for (int row = 0; row < Height; row++)
            {
                rgb24.Slice(row * _rowBytes, _rowBytes).CopyTo(current[PixelBytes..]);
                zlib.Write(_filtered[BestFilter(current, previous)]);
                Span<byte> swap = previous;
                previous = current;
                current = swap;
            }
        }

        return _compressed.GetBuffer().AsSpan(0, (int)_compressed.Length);
    }

    private int BestFilter(ReadOnlySpan<byte> current, ReadOnlySpan<byte> previous)
    {
        ReadOnlySpan<byte> x = current[PixelBytes..], above = previous[PixelBytes..];
        ReadOnlySpan<byte> left = current[..^PixelBytes], aboveLeft = previous[..^PixelBytes];
        x.CopyTo(_filtered[0].AsSpan(1));
        Subtract(x, left, _filtered[1].AsSpan(1));
        Subtract(x, above, _filtered[2].AsSpan(1));
        Span<byte> average = _filtered[3].AsSpan(1), paeth = _filtered[4].AsSpan(1);
        for (int i = 0; i < x.Length; i++)
        {
            average[i] = (byte)(x[i] - ((left[i] + above[i]) >> 1));
            paeth[i] = (byte)(x[i] - PngFilter.Paeth(left[i], above[i], aboveLeft[i]));
        }

        (int best, long least) = (0, long.MaxValue);
        for (int filter = 0; filter < Filters; filter++)
        {
            long sum = Magnitude(_filtered[filter].AsSpan(1));
            (best, least) = sum < least ? (filter, sum) : (best, least);
        }

        return best;
    }

    private static void Subtract(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, Span<byte> difference)
    {
        int i = 0;
        for (; i <= a.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            (new Vector<byte>(a[i..]) - new Vector<byte>(b[i..])).CopyTo(difference[i..]);
        }

        for (; i < a.Length; i++)
        {
            difference[i] = (byte)(a[i] - b[i]);
        }
    }

    private static long Magnitude(ReadOnlySpan<byte> row)
    {
        long sum = 0;
        foreach (byte value in row)
        {
            int signed = (sbyte)value;
            sum += signed < 0 ? -signed : signed;
        }

        return sum;
    }
}
