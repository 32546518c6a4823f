using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace RewardForcing.Native.Tests.Formats.Media;

/// <summary>A PNG or APNG of 8-bit RGB taken apart, straight from the specification and without the code under test. Throws at the first flaw.</summary>
internal sealed class ParsedPng
{
    private ParsedPng(List<(string Type, byte[] Content)> chunks) => Chunks = chunks;

    public IReadOnlyList<(string Type, byte[] Content)> Chunks { get; }

    public int Width { get; private set; }

    public int Height { get; private set; }

    /// <summary>Pixels of every frame; a still picture has one.</summary>
    public List<byte[]> Frames { get; } = [];

    /// <summary>Numerator and denominator of each frame's time on the screen.</summary>
    public List<(int Seconds, int Frames)> Delays { get; } = [];

    public int? AnnouncedFrames { get; private set; }

    public int? Plays { get; private set; }

    public static ParsedPng Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        if (!file.AsSpan(0, 8).SequenceEqual<byte>([137, 80, 78, 71, 13, 10, 26, 10]))
        {
            throw new InvalidDataException("signature");
        }

        List<(string, byte[])> chunks = [];
        for (int position = 8; position < file.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(position));
            uint checksum = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(position + 8 + length));
            if (checksum != Checksum(file.AsSpan(position + 4, length + 4)))
            {
                throw new InvalidDataException($"checksum at {position}");
            }

            chunks.Add((Encoding.ASCII.GetString(file, position + 4, 4), file[(position + 8)..(position + 8 + length)]));
            position += 12 + length;
        }

        ParsedPng png = new(chunks);
        png.Parse();
        return png;
    }

    private void Parse()
    {
        (string first, byte[] header) = Chunks[0];
        if (first != "IHDR" || Chunks[^1].Type != "IEND" || header is not [.., 8, 2, 0, 0, 0])
        {
            throw new InvalidDataException("order or header");
        }

        (Width, Height) = (BinaryPrimitives.ReadInt32BigEndian(header), BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(4)));
        uint sequence = 0;
        MemoryStream? data = null;
        foreach ((string type, byte[] content) in Chunks)
        {
            switch (type)
            {
                case "acTL":
                    (AnnouncedFrames, Plays) = (BinaryPrimitives.ReadInt32BigEndian(content), BinaryPrimitives.ReadInt32BigEndian(content.AsSpan(4)));
                    break;
                case "fcTL":
                    Flush(data);
                    data = new MemoryStream();
                    Number(content, sequence++);
                    Control(content);
                    break;
                case "fdAT":
                    Number(content, sequence++);
                    data!.Write(content.AsSpan(4));
                    break;
                case "IDAT":
                    (data ??= new MemoryStream()).Write(content);
                    break;
                case "IEND":
                    Flush(data);
                    break;
            }
        }
    }

    private void Control(byte[] content)
    {
        int[] numbers = [.. Enumerable.Range(1, 4).Select(i => BinaryPrimitives.ReadInt32BigEndian(content.AsSpan(i * 4)))];
        if (!numbers.SequenceEqual([Width, Height, 0, 0]) || content is not [.., 0, 0])
        {
            throw new InvalidDataException("frame control");
        }

        Delays.Add((BinaryPrimitives.ReadUInt16BigEndian(content.AsSpan(20)), BinaryPrimitives.ReadUInt16BigEndian(content.AsSpan(22))));
    }

    private static void Number(byte[] content, uint expected)
    {
        if (BinaryPrimitives.ReadUInt32BigEndian(content) != expected)
        {
            throw new InvalidDataException($"sequence {expected}");
        }
    }

    private void Flush(MemoryStream? data)
    {
        if (data is null)
        {
            return;
        }

        data.Position = 0;
        using ZLibStream zlib = new(data, CompressionMode.Decompress);
        using MemoryStream raw = new();
        zlib.CopyTo(raw);
        Frames.Add(Unfilter(raw.ToArray()));
    }

    private byte[] Unfilter(byte[] raw)
    {
        int stride = Width * 3;
        if (raw.Length != Height * (stride + 1))
        {
            throw new InvalidDataException("size");
        }

        int[,] x = new int[Height, stride];
        int At(int row, int i) => row < 0 || i < 0 ? 0 : x[row, i];
        for (int row = 0; row < Height; row++)
        {
            for (int i = 0; i < stride; i++)
            {
                (int a, int b, int c) = (At(row, i - 3), At(row - 1, i), At(row - 1, i - 3));
                int p = a + b - c;
                (int pa, int pb, int pc) = (Math.Abs(p - a), Math.Abs(p - b), Math.Abs(p - c));
                int predicted = raw[row * (stride + 1)] switch
                {
                    0 => 0,
                    1 => a,
                    2 => b,
                    3 => (a + b) / 2,
                    4 => pa <= pb && pa <= pc ? a : pb <= pc ? b : c,
                    _ => throw new InvalidDataException("filter"),
                };
                x[row, i] = (raw[(row * (stride + 1)) + 1 + i] + predicted) & 255;
            }
        }

        return [.. x.Cast<int>().Select(value => (byte)value)];
    }

    // Bit by bit, as the polynomial is defined.
    public static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint state = uint.MaxValue;
        foreach (byte value in bytes)
        {
            state ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                state = (state & 1) != 0 ? (state >> 1) ^ 0xEDB88320 : state >> 1;
            }
        }

        return ~state;
    }
}
