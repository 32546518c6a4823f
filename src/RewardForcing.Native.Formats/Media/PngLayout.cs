using System.Buffers.Binary;
using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>The chunks of a PNG: found, checked against their checksums and put in order. Nothing is decompressed.</summary>
/// <remarks>PNG specification, sections 5.3 to 5.6 and 11. What follows IEND is ignored, as every reader does.</remarks>
internal sealed class PngLayout
{
    private readonly string _file;
    private readonly List<ArraySegment<byte>> _data = [];
    private PngHeader? _header;
    private bool _hasTransparency;
    private bool _dataEnded;

    private PngLayout(string file) => _file = file;

    public PngHeader Header => _header!.Value;

    /// <summary>Red, green and blue of each palette entry; empty if there is none.</summary>
    public byte[] Palette { get; private set; } = [];

    /// <summary>The pieces of the compressed pixels, in order.</summary>
    public IReadOnlyList<ArraySegment<byte>> Data => _data;

    /// <summary>Bytes of all pieces.</summary>
    public long DataBytes => _data.Sum(static piece => (long)piece.Count);

    /// <summary>Finds the chunks.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="file">Its name, for messages.</param>
    public static PngLayout Read(byte[] bytes, string file)
    {
        if (!bytes.AsSpan().StartsWith(PngChunks.Signature))
        {
            throw new ModelFormatException(file, "is no PNG: it does not begin with the signature of one");
        }

        PngLayout layout = new(file);
        int position = PngChunks.Signature.Length;
        while (true)
        {
            (string type, ArraySegment<byte> content) = layout.Chunk(bytes, position);
            if (type == "IEND")
            {
                return layout.Finish(content);
            }

            layout.Take(type, content);
            position += content.Count + PngChunks.Overhead;
        }
    }

    private (string Type, ArraySegment<byte> Content) Chunk(byte[] bytes, int position)
    {
        int left = bytes.Length - position;
        if (left < PngChunks.Overhead)
        {
            throw new ModelFormatException(_file, left == 0 ? "is cut short: it ends without IEND" : $"is cut short: {left} bytes at byte {position:N0} are no chunk");
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(position));
        ReadOnlySpan<byte> letters = bytes.AsSpan(position + 4, 4);
        foreach (byte letter in letters)
        {
            if (!char.IsAsciiLetter((char)letter))
            {
                throw new ModelFormatException(_file, $"has no chunk at byte {position:N0}: its type must be four letters");
            }
        }

        string type = Encoding.ASCII.GetString(letters);
        if (length > left - PngChunks.Overhead)
        {
            throw new ModelFormatException(_file, $"is cut short: {type} at byte {position:N0} claims {length:N0} bytes, {left - PngChunks.Overhead:N0} are left", type);
        }

        int count = (int)length;
        if (BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(position + 8 + count)) != Crc32.Of(bytes.AsSpan(position + 4, count + 4)))
        {
            throw new ModelFormatException(_file, $"is damaged: {type} at byte {position:N0} does not match its checksum", type);
        }

        return (type, new ArraySegment<byte>(bytes, position + 8, count));
    }

    private void Take(string type, ArraySegment<byte> content)
    {
        if (_header is null != (type == "IHDR"))
        {
            throw new ModelFormatException(_file, _header is null ? $"begins with {type}, expected IHDR" : "has a second IHDR", "IHDR");
        }

        _dataEnded |= _data.Count > 0 && type != "IDAT";
        switch (type)
        {
            case "IHDR":
                _header = PngHeader.Parse(content, _file);
                break;
            case "PLTE":
                TakePalette(content);
                break;
            case "tRNS":
                TakeTransparency(content);
                break;
            case "IDAT":
                if (_dataEnded)
                {
                    throw new ModelFormatException(_file, "has IDAT chunks that do not follow one another", type);
                }

                _data.Add(content);
                break;
            default:
                if (char.IsAsciiLetterUpper(type[0]))
                {
                    throw new ModelFormatException(_file, $"needs {type}, which this program does not know", type);
                }

                break;
        }
    }

    private void TakePalette(ArraySegment<byte> content)
    {
        int entries = content.Count / 3;
        bool isAllowed = Header.ColourType is PngHeader.Palette or PngHeader.Rgb or PngHeader.RgbAlpha;
        int most = Header.ColourType == PngHeader.Palette ? 1 << Header.BitDepth : 256;
        if (!isAllowed || Palette.Length > 0 || _data.Count > 0 || _hasTransparency || content.Count % 3 != 0 || entries == 0 || entries > most)
        {
            throw new ModelFormatException(
                _file, $"has a PLTE of {content.Count} bytes where PNG allows one, before the pixels, of 3 to {most * 3} bytes in threes and none in grey pictures", "PLTE");
        }

        Palette = [.. content];
    }

    // Pictures are used as RGB, so transparency is checked and dropped, as the reference's image library does.
    private void TakeTransparency(ArraySegment<byte> content)
    {
        bool fits = Header.ColourType switch
        {
            PngHeader.Grey => content.Count == 2,
            PngHeader.Rgb => content.Count == 6,
            PngHeader.Palette => content.Count > 0 && content.Count <= Palette.Length / 3,
            _ => false,
        };
        if (!fits || _hasTransparency || _data.Count > 0)
        {
            throw new ModelFormatException(_file, $"has a tRNS of {content.Count} bytes that does not fit colour type {Header.ColourType} or is out of place", "tRNS");
        }

        _hasTransparency = true;
    }

    private PngLayout Finish(ArraySegment<byte> end)
    {
        if (_header is null || _data.Count == 0 || end.Count > 0)
        {
            string problem = _header is null ? "begins with IEND, expected IHDR" : _data.Count == 0 ? "has no pixels: IDAT is missing" : "has an IEND with content";
            throw new ModelFormatException(_file, problem, _header is null ? "IHDR" : _data.Count == 0 ? "IDAT" : "IEND");
        }

        if (Header.ColourType == PngHeader.Palette && Palette.Length == 0)
        {
            throw new ModelFormatException(_file, "has colours from a palette but no PLTE", "PLTE");
        }

        return this;
    }
}
