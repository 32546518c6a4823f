using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>The content of a SentencePiece model, read from its protocol buffer within the bounds of the file.</summary>
/// <remarks>Fields of <c>sentencepiece_model.proto</c>; fields that change nothing here are stepped over.</remarks>
internal sealed class SentencePieceFile
{
    private const int Unigram = 1;
    private const int MaxPieces = 4_000_000;
    private static readonly UTF8Encoding _utf8 = new(false, throwOnInvalidBytes: true);
    private readonly string _path;
    private readonly HashSet<string> _texts = new(StringComparer.Ordinal);

    private SentencePieceFile(string path) => _path = path;

    public List<Piece> Pieces { get; } = [];

    public int Unknown { get; private set; } = -1;

    public CharacterMap? Characters { get; private set; }

    public bool AddsSpace { get; private set; } = true;

    public bool CollapsesSpaces { get; private set; } = true;

    public bool EscapesSpaces { get; private set; } = true;

    public bool ByteFallback { get; private set; }

    public string UnknownText { get; private set; } = " \u2047 ";

    /// <summary>Reads a model.</summary>
    /// <param name="path">For messages.</param>
    /// <param name="bytes">The whole file.</param>
    /// <exception cref="ModelFormatException">It is no such model, damaged, or of a kind other than unigram.</exception>
    public static SentencePieceFile Read(string path, ReadOnlySpan<byte> bytes)
    {
        SentencePieceFile file = new(path);
        ProtocolBuffer message = new(path, bytes);
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    file.ReadPiece(message.Bytes());
                    break;
                case 2:
                    file.ReadTrainer(message.Bytes());
                    break;
                case 3:
                    file.ReadNormalizer(message.Bytes());
                    break;
                default:
                    message.Skip();
                    break;
            }
        }

        file.Check();
        return file;
    }

    private void Check()
    {
        if (Pieces.Count == 0)
        {
            throw new ModelFormatException(_path, "holds no pieces, so it is no SentencePiece model");
        }

        Unknown = Pieces.FindIndex(static piece => piece.Kind == PieceKind.Unknown);
        if (Unknown < 0 || Pieces.FindIndex(Unknown + 1, static piece => piece.Kind == PieceKind.Unknown) >= 0)
        {
            throw new ModelFormatException(_path, Unknown < 0 ? "has no piece for unknown characters" : "has more than one piece for unknown characters");
        }

        if (ByteFallback && Pieces.Count(static piece => piece.Kind == PieceKind.Byte) != 256)
        {
            throw new ModelFormatException(_path, $"falls back to bytes but has {Pieces.Count(static piece => piece.Kind == PieceKind.Byte)} pieces for bytes, expected 256");
        }
    }

    private void ReadPiece(ReadOnlySpan<byte> bytes)
    {
        (string? text, double score, PieceKind kind) = (null, 0, PieceKind.Normal);
        ProtocolBuffer message = new(_path, bytes);
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    text = Text(message.Bytes());
                    break;
                case 2:
                    score = message.Float();
                    break;
                case 3:
                    kind = (PieceKind)message.Number();
                    break;
                default:
                    message.Skip();
                    break;
            }
        }

        string name = string.IsNullOrEmpty(text) ? throw new ModelFormatException(_path, $"has an empty piece, number {Pieces.Count}") : text;
        if (!double.IsFinite(score) || !Enum.IsDefined(kind))
        {
            throw new ModelFormatException(_path, string.Create(CultureInfo.InvariantCulture, $"has piece {Printable.Text(name)} with score {score} and kind {(int)kind}, expected a finite score and a kind from 1 to 6"), name);
        }

        if (kind == PieceKind.Byte && !UnigramModel.IsByte(name))
        {
            throw new ModelFormatException(_path, $"has {Printable.Text(name)} as the piece of a byte, expected <0x00> to <0xFF>", name);
        }

        if (!_texts.Add(name) || Pieces.Count == MaxPieces)
        {
            throw new ModelFormatException(_path, Pieces.Count == MaxPieces ? $"has more than {MaxPieces:N0} pieces" : $"has piece {Printable.Text(name)} twice", name);
        }

        Pieces.Add(new Piece(name, score, kind));
    }

    private void ReadTrainer(ReadOnlySpan<byte> bytes)
    {
        ProtocolBuffer message = new(_path, bytes);
        while (message.Next())
        {
            switch (message.Field)
            {
                case 3:
                    ulong type = message.Number();
                    _ = type == Unigram ? type : throw new ModelFormatException(_path, $"is of model type {TypeName(type)}, expected unigram");
                    break;
                case 35:
                    ByteFallback = message.Number() != 0;
                    break;
                case 44:
                    UnknownText = Text(message.Bytes());
                    break;
                default:
                    message.Skip();
                    break;
            }
        }
    }

    private static string TypeName(ulong type) => type switch
    {
        2 => "BPE",
        3 => "word",
        4 => "character",
        _ => type.ToString(CultureInfo.InvariantCulture),
    };

    private void ReadNormalizer(ReadOnlySpan<byte> bytes)
    {
        ProtocolBuffer message = new(_path, bytes);
        while (message.Next())
        {
            switch (message.Field)
            {
                case 2:
                    ReadOnlySpan<byte> blob = message.Bytes();
                    Characters = blob.IsEmpty ? null : CharacterMap.Read(_path, blob);
                    break;
                case 3:
                    AddsSpace = message.Number() != 0;
                    break;
                case 4:
                    CollapsesSpaces = message.Number() != 0;
                    break;
                case 5:
                    EscapesSpaces = message.Number() != 0;
                    break;
                default:
                    message.Skip();
                    break;
            }
        }
    }

    private string Text(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return _utf8.GetString(bytes);
        }
        catch (DecoderFallbackException error)
        {
            throw new ModelFormatException(_path, $"has a piece that is not valid UTF-8, number {Pieces.Count}", null, error);
        }
    }

    /// <summary>Walks the fields of one message; no length is believed before it is seen to fit.</summary>
    private ref struct ProtocolBuffer(string path, ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;
        private int _position;
        private int _wire;

        public int Field { get; private set; }

        /// <summary>Goes to the next field; its value is to be taken or skipped.</summary>
        public bool Next()
        {
            if (_position == _bytes.Length)
            {
                return false;
            }

            ulong tag = Varint();
            (Field, _wire) = ((int)Math.Min(tag >> 3, int.MaxValue), (int)(tag & 7));
            return Field > 0 && _wire is 0 or 1 or 2 or 5 ? true : throw Error($"has a field of number {tag >> 3} and wire type {_wire}");
        }

        public ulong Number() => _wire == 0 ? Varint() : throw Error($"has field {Field} with wire type {_wire}, expected a number");

        public float Float() => _wire == 5 ? BinaryPrimitives.ReadSingleLittleEndian(Take(4)) : throw Error($"has field {Field} with wire type {_wire}, expected a float");

        public ReadOnlySpan<byte> Bytes() => _wire == 2 ? Take(Varint()) : throw Error($"has field {Field} with wire type {_wire}, expected bytes");

        public void Skip() => _ = _wire switch
        {
            0 => Varint(),
            1 => (ulong)Take(8).Length,
            2 => (ulong)Bytes().Length,
            _ => (ulong)Take(4).Length,
        };

        private ulong Varint()
        {
            ulong value = 0;
            for (int shift = 0; shift < 70; shift += 7)
            {
                byte next = Take(1)[0];
                value |= (ulong)(next & 0x7F) << shift;
                if (next < 0x80)
                {
                    return value;
                }
            }

            throw Error("has a number of more than 10 bytes");
        }

        private ReadOnlySpan<byte> Take(ulong count)
        {
            if (count > (ulong)(_bytes.Length - _position))
            {
                throw Error($"is cut short or damaged: {count:N0} bytes were expected, {_bytes.Length - _position:N0} follow");
            }

            ReadOnlySpan<byte> taken = _bytes.Slice(_position, (int)count);
            _position += (int)count;
            return taken;
        }

        private readonly ModelFormatException Error(string sentence) => new(path, $"is no SentencePiece model: it {sentence} (byte {_position:N0} of a message of {_bytes.Length:N0})");
    }
}
