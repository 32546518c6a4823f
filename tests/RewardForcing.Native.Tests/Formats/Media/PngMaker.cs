using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace RewardForcing.Native.Tests.Formats.Media;

/// <summary>Makes PNGs of any kind, right or wrong, without the code under test.</summary>
internal sealed class PngMaker
{
    private static readonly int[][] _adam7 = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];
    private readonly Random _random;
    private readonly int[,,] _samples;

    public PngMaker(int width, int height, int type, int depth, bool interlaced, int seed = 1)
    {
        (Width, Height, Type, Depth, Interlaced, _random) = (width, height, type, depth, interlaced, new Random(seed));
        Palette = type == 3 ? new byte[3 * Math.Min(1 << depth, 200)] : [];
        _random.NextBytes(Palette);
        int most = type == 3 ? Palette.Length / 3 : 1 << depth;
        _samples = new int[height, width, Channels];
        for (int i = 0; i < _samples.Length; i++)
        {
            _samples[i / Channels / width, i / Channels % width, i % Channels] = _random.Next(most);
        }
    }

    public int Width { get; }

    public int Height { get; }

    public int Type { get; }

    public int Depth { get; }

    public bool Interlaced { get; }

    public byte[] Palette { get; set; }

    private int Channels => Type switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };

    /// <summary>What a reader has to make of it.</summary>
    public byte[] Rgb24()
    {
        byte[] rgb24 = new byte[Width * Height * 3];
        for (int i = 0; i < rgb24.Length; i++)
        {
            (int y, int x, int c) = (i / 3 / Width, i / 3 % Width, i % 3);
            int first = _samples[y, x, 0];
            rgb24[i] = Type switch
            {
                3 => Palette[(first * 3) + c],
                2 or 6 => (byte)(_samples[y, x, c] >> (Depth - 8)),
                _ => (byte)(Depth == 16 ? first >> 8 : first * 255 / ((1 << Depth) - 1)),
            };
        }

        return rgb24;
    }

    public byte[] Header()
    {
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), Height);
        (header[8], header[9], header[12]) = ((byte)Depth, (byte)Type, (byte)(Interlaced ? 1 : 0));
        return header;
    }

    /// <summary>The filtered rows of all passes.</summary>
    public byte[] Rows()
    {
        List<byte> rows = [];
        foreach (int[] pass in Interlaced ? _adam7 : [[0, 0, 1, 1]])
        {
            byte[]? above = null;
            for (int y = pass[1]; y < Height; y += pass[3])
            {
                byte[] row = Pack(y, pass[0], pass[2]);
                if (row.Length == 0)
                {
                    break;
                }

                int filter = _random.Next(5);
                rows.Add((byte)filter);
                rows.AddRange(Filter(filter, row, above ?? new byte[row.Length]));
                above = row;
            }
        }

        return [.. rows];
    }

    public byte[] File() => File(Compress(Rows()));

    /// <summary>A whole file around compressed rows, which are cut into pieces.</summary>
    public byte[] File(byte[] compressed)
    {
        List<(string, byte[])> chunks = [("IHDR", Header()), ("tEXt", "Comment\0made for a test"u8.ToArray())];
        if (Type == 3)
        {
            chunks.Add(("PLTE", Palette));
            chunks.Add(("tRNS", [7]));
        }

        for (int start = 0; start < compressed.Length;)
        {
            int end = Math.Min(compressed.Length, start + _random.Next(0, 200));
            chunks.Add(("IDAT", compressed[start..end]));
            start = end;
        }

        chunks.Add(("tIME", new byte[7]));
        chunks.Add(("IEND", []));
        return Assemble(chunks);
    }

    public static byte[] Compress(byte[] rows)
    {
        using MemoryStream compressed = new();
        using (ZLibStream zlib = new(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            zlib.Write(rows);
        }

        return compressed.ToArray();
    }

    /// <summary>Signature and chunks with right checksums.</summary>
    public static byte[] Assemble(IEnumerable<(string Type, byte[] Content)> chunks)
    {
        List<byte> file = [137, 80, 78, 71, 13, 10, 26, 10];
        foreach ((string type, byte[] content) in chunks)
        {
            byte[] body = [.. Encoding.Latin1.GetBytes(type), .. content];
            file.AddRange(BigEndian((uint)content.Length));
            file.AddRange(body);
            file.AddRange(BigEndian(ParsedPng.Checksum(body)));
        }

        return [.. file];
    }

    private static byte[] BigEndian(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    private byte[] Pack(int y, int x0, int step)
    {
        List<byte> row = [];
        (int bits, int used) = (0, 0);
        for (int x = x0; x < Width; x += step)
        {
            for (int c = 0; c < Channels; c++)
            {
                int sample = _samples[y, x, c];
                if (Depth == 16)
                {
                    row.AddRange([(byte)(sample >> 8), (byte)sample]);
                    continue;
                }

                (bits, used) = ((bits << Depth) | sample, used + Depth);
                if (used == 8)
                {
                    row.Add((byte)bits);
                    (bits, used) = (0, 0);
                }
            }
        }

        if (used > 0)
        {
            row.Add((byte)(bits << (8 - used)));
        }

        return [.. row];
    }

    private byte[] Filter(int filter, byte[] row, byte[] above)
    {
        int step = Math.Max(1, Channels * Depth / 8);
        byte[] filtered = new byte[row.Length];
        for (int i = 0; i < row.Length; i++)
        {
            int a = i >= step ? row[i - step] : 0, b = above[i], c = i >= step ? above[i - step] : 0;
            int p = a + b - c;
            int paeth = new[] { a, b, c }.MinBy(value => Math.Abs(p - value));
            filtered[i] = (byte)(row[i] - (filter switch { 0 => 0, 1 => a, 2 => b, 3 => (a + b) / 2, _ => paeth }));
        }

        return filtered;
    }
}
