using System.Buffers.Binary;

namespace RewardForcing.Native.Formats;

/// <summary>What the header of a PNG says, checked.</summary>
/// <remarks>PNG specification, sections 8.1 and 11.2.1.</remarks>
internal readonly record struct PngHeader(int Width, int Height, int BitDepth, int ColourType, bool IsInterlaced)
{
    public const int Grey = 0;
    public const int Rgb = 2;
    public const int Palette = 3;
    public const int GreyAlpha = 4;
    public const int RgbAlpha = 6;

    /// <summary>Larger pictures are refused: no model takes them, and a small file can claim them.</summary>
    public const long MaxPixels = 1 << 26;

    // Column and row of the first pixel, and the steps, of each of the seven passes.
    private static readonly (int X, int Y, int StepX, int StepY)[] _adam7 =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    private static readonly (int X, int Y, int StepX, int StepY)[] _whole = [(0, 0, 1, 1)];

    public int Channels => ColourType switch { Rgb => 3, GreyAlpha => 2, RgbAlpha => 4, _ => 1 };

    public int PixelBits => Channels * BitDepth;

    public ReadOnlySpan<(int X, int Y, int StepX, int StepY)> Passes => IsInterlaced ? _adam7 : _whole;

    /// <summary>Bytes of all rows with their filter bytes.</summary>
    public long DataBytes
    {
        get
        {
            long bytes = 0;
            foreach ((int x, int y, int stepX, int stepY) in Passes)
            {
                (int columns, int rows) = PassSize(x, y, stepX, stepY);
                bytes += columns == 0 ? 0 : rows * (1L + RowBytes(columns));
            }

            return bytes;
        }
    }

    public int RowBytes(int columns) => (int)((((long)columns * PixelBits) + 7) / 8);

    public (int Columns, int Rows) PassSize(int x, int y, int stepX, int stepY) =>
        (Width <= x ? 0 : ((Width - x - 1) / stepX) + 1, Height <= y ? 0 : ((Height - y - 1) / stepY) + 1);

    /// <summary>Reads the content of the header chunk.</summary>
    public static PngHeader Parse(ReadOnlySpan<byte> content, string file)
    {
        if (content.Length != 13)
        {
            throw new ModelFormatException(file, $"IHDR must have 13 bytes, got {content.Length}", "IHDR");
        }

        uint width = BinaryPrimitives.ReadUInt32BigEndian(content), height = BinaryPrimitives.ReadUInt32BigEndian(content[4..]);
        if (width == 0 || height == 0 || (ulong)width * height > MaxPixels)
        {
            throw new ModelFormatException(file, $"IHDR gives a size of {width} x {height}, expected between 1 and {MaxPixels:N0} pixels", "IHDR");
        }

        (int depth, int type) = (content[8], content[9]);
        bool isKnown = type switch
        {
            Grey => depth is 1 or 2 or 4 or 8 or 16,
            Palette => depth is 1 or 2 or 4 or 8,
            Rgb or GreyAlpha or RgbAlpha => depth is 8 or 16,
            _ => false,
        };
        if (!isKnown)
        {
            throw new ModelFormatException(file, $"IHDR gives colour type {type} with {depth} bits, which PNG does not have", "IHDR");
        }

        if (content[10] != 0 || content[11] != 0 || content[12] > 1)
        {
            throw new ModelFormatException(
                file, $"IHDR gives compression {content[10]}, filter {content[11]} and interlace {content[12]}, expected 0, 0 and 0 or 1", "IHDR");
        }

        return new PngHeader((int)width, (int)height, depth, type, content[12] == 1);
    }
}
