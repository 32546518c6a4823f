using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>Turns texts into the numbers a text encoder takes: the unigram tokenizer of umT5, from <c>spiece.model</c> or <c>tokenizer.json</c>.</summary>
/// <remarks>Kudo and Richardson 2018 (SentencePiece). Spec: models 7.4. Safe to share between threads.</remarks>
public sealed class UnigramTokenizer
{
    /// <summary>Tokens of a prompt that Wan's text encoder reads.</summary>
    public const int DefaultLength = 512;

    private const long MaxFile = 256 << 20;
    private readonly ITextToPieces _pieces;

    private UnigramTokenizer(string path, ITextToPieces pieces) => (Path, _pieces) = (path, pieces);

    /// <summary>The file it was read from.</summary>
    public string Path { get; }

    /// <summary>Numbers are below this.</summary>
    public int VocabularySize => _pieces.Pieces.Count;

    /// <summary>Number of the piece that closes a text, <c>&lt;/s&gt;</c>; null if the file has none.</summary>
    public int? EndOfText => _pieces.Suffix.Count > 0 ? _pieces.Suffix[^1] : null;

    /// <summary>Number that fills up rows, <c>&lt;pad&gt;</c>; null if the file has none.</summary>
    public int? Padding => _pieces.Padding;

    /// <summary>Reads a tokenizer.</summary>
    /// <param name="path">
    /// <c>spiece.model</c> or another SentencePiece model, <c>tokenizer.json</c>, or a folder that holds one of them; of both, the
    /// second is taken, as the reference does.
    /// </param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="ModelFormatException">The file is damaged or describes another kind of tokenizer.</exception>
    public static UnigramTokenizer Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string file = Directory.Exists(path) ? FindInFolder(path) : path;
        if (!File.Exists(file))
        {
            throw new FileNotFoundException($"{file}: there is no such tokenizer; expected tokenizer.json, spiece.model, or a folder with one of them.", file);
        }

        byte[] bytes = MappedFile.ReadWhole(file, MaxFile, "a tokenizer");
        if (MistakenDownload.Describe(bytes) is string mistake)
        {
            throw new ModelFormatException(file, mistake);
        }

        bool isJson = file.EndsWith(".json", StringComparison.OrdinalIgnoreCase) || bytes.AsSpan().TrimStart(" \t\r\n"u8).StartsWith("{"u8);
        return new UnigramTokenizer(file, isJson ? TokenizerJson.Read(file, bytes) : new SentencePieceModel(SentencePieceFile.Read(file, bytes)));
    }

    /// <summary>Turns a text into numbers; the end of the text is marked, nothing is padded.</summary>
    /// <param name="text">Any text; see <see cref="TextCleaning"/> for what the reference does to it before.</param>
    /// <param name="maxLength">Numbers at most, the closing one included; the text is cut off there.</param>
    public int[] Encode(string text, int maxLength = DefaultLength)
    {
        int own = maxLength - _pieces.Prefix.Count - _pieces.Suffix.Count;
        ArgumentOutOfRangeException.ThrowIfNegative(own, nameof(maxLength));
        List<int> ids = [];
        _pieces.Encode(text, ids);
        return [.. _pieces.Prefix, .. ids.Take(own), .. _pieces.Suffix];
    }

    /// <summary>Turns numbers back into a text, as SentencePiece does; what closes or fills up a text is left out.</summary>
    /// <param name="ids">Numbers of pieces.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is not of this vocabulary.</exception>
    public string Decode(ReadOnlySpan<int> ids)
    {
        StringBuilder text = new();
        List<byte> bytes = [];
        bool isFirst = true;
        foreach (int id in ids)
        {
            Piece piece = id >= 0 && id < VocabularySize ? _pieces.Pieces[id]
                : throw new ArgumentOutOfRangeException(nameof(ids), id, $"decode: expected numbers from 0 to {VocabularySize - 1}");
            if (piece.Kind == PieceKind.Byte)
            {
                bytes.Add(Convert.ToByte(piece.Text[3..5], 16));
                isFirst = false;
                continue;
            }

            Flush(bytes, text);
            if (piece.Kind != PieceKind.Control)
            {
                string part = piece.Kind == PieceKind.Unknown ? _pieces.UnknownText : piece.Text.Replace('\u2581', ' ');
                text.Append(isFirst && _pieces.AddsSpace && piece.Kind != PieceKind.Unknown && part.StartsWith(' ') ? part[1..] : part);
                isFirst = false;
            }
        }

        Flush(bytes, text);
        return text.ToString();
    }

    /// <summary>The text of a piece; spaces are U+2581.</summary>
    /// <param name="id">Its number.</param>
    public string Piece(int id) => _pieces.Pieces[id].Text;

    // Bytes that are no UTF-8 become one U+FFFD each.
    private static void Flush(List<byte> bytes, StringBuilder text)
    {
        ReadOnlySpan<byte> rest = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes);
        while (!rest.IsEmpty)
        {
            bool isValid = Rune.DecodeFromUtf8(rest, out Rune rune, out int used) == System.Buffers.OperationStatus.Done;
            text.Append(isValid ? rune.ToString() : "\uFFFD");
            rest = rest[(isValid ? used : 1)..];
        }

        bytes.Clear();
    }

    private static string FindInFolder(string folder)
    {
        string json = System.IO.Path.Combine(folder, "tokenizer.json");
        return File.Exists(json) ? json : System.IO.Path.Combine(folder, "spiece.model");
    }
}
