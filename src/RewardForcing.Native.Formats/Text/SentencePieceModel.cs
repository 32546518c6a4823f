using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>A tokenizer as SentencePiece writes it, <c>spiece.model</c>: normalisation and pieces in one file.</summary>
/// <remarks>Normalisation: characters by the table of the model, longest entry first; runs of spaces become one, none at the ends; a space in front.</remarks>
internal sealed class SentencePieceModel : ITextToPieces
{
    private const string EndOfText = "</s>";
    private static readonly byte[] _space = Encoding.UTF8.GetBytes("\u2581");
    private static readonly byte[] _replacement = Encoding.UTF8.GetBytes("\uFFFD");

    private readonly SentencePieceFile _file;
    private readonly UnigramModel _model;
    private readonly PieceTrie? _symbols;

    public SentencePieceModel(SentencePieceFile file)
    {
        _file = file;
        _model = new UnigramModel(file.Pieces, file.Unknown, file.ByteFallback, isSentencePiece: true);
        (string, int)[] symbols = [.. file.Pieces.Index().Where(static entry => entry.Item.Kind == PieceKind.UserDefined).Select(static entry => (entry.Item.Text, entry.Index))];
        _symbols = symbols.Length > 0 ? new PieceTrie(symbols) : null;
        int end = file.Pieces.FindIndex(static piece => piece is { Kind: PieceKind.Control, Text: EndOfText });
        Suffix = end >= 0 ? [end] : [];
    }

    public IReadOnlyList<Piece> Pieces => _file.Pieces;

    public IReadOnlyList<int> Prefix => [];

    public IReadOnlyList<int> Suffix { get; }

    public int? Padding => _file.Pieces.FindIndex(static piece => piece is { Kind: PieceKind.Control, Text: "<pad>" }) is >= 0 and int number ? number : null;

    public string UnknownText => _file.UnknownText;

    public bool AddsSpace => _file.AddsSpace;

    public void Encode(string text, List<int> ids)
    {
        byte[] normal = Normalize(Encoding.UTF8.GetBytes(text));
        _model.Encode(normal, ids);
    }

    private byte[] Normalize(ReadOnlySpan<byte> text)
    {
        List<byte> result = new(text.Length + 16);
        while (_file.CollapsesSpaces && !text.IsEmpty)
        {
            int used = Next(text, out ReadOnlySpan<byte> first);
            if (!first.SequenceEqual(" "u8))
            {
                break;
            }

            text = text[used..];
        }

        if (text.IsEmpty)
        {
            return [];
        }

        if (_file.AddsSpace)
        {
            AddSpace(result);
        }

        bool afterSpace = _file.CollapsesSpaces;
        while (!text.IsEmpty)
        {
            int used = Next(text, out ReadOnlySpan<byte> part);
            while (afterSpace && part.Length > 0 && part[0] == ' ')
            {
                part = part[1..];
            }

            foreach (byte value in part)
            {
                Add(result, value);
            }

            afterSpace = part.IsEmpty ? afterSpace : part[^1] == ' ';
            afterSpace &= _file.CollapsesSpaces;
            text = text[used..];
        }

        TrimEnd(result);
        return [.. result];
    }

    private void Add(List<byte> result, byte value)
    {
        if (value == ' ')
        {
            AddSpace(result);
        }
        else
        {
            result.Add(value);
        }
    }

    private void AddSpace(List<byte> result)
    {
        if (_file.EscapesSpaces)
        {
            result.AddRange(_space);
        }
        else
        {
            result.Add((byte)' ');
        }
    }

    private void TrimEnd(List<byte> result)
    {
        ReadOnlySpan<byte> space = _file.EscapesSpaces ? _space : " "u8;
        while (_file.CollapsesSpaces && result.Count >= space.Length
            && System.Runtime.InteropServices.CollectionsMarshal.AsSpan(result)[^space.Length..].SequenceEqual(space))
        {
            result.RemoveRange(result.Count - space.Length, space.Length);
        }
    }

    // The longest symbol of the user, else the longest entry of the table, else one character.
    private int Next(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> replacement)
    {
        int symbol = Symbol(text);
        if (symbol > 0)
        {
            replacement = text[..symbol];
            return symbol;
        }

        replacement = default;
        int used = _file.Characters?.Find(text, longest: true, out replacement) ?? 0;
        if (used == 0)
        {
            bool isValid = Rune.DecodeFromUtf8(text, out _, out used) == System.Buffers.OperationStatus.Done;
            replacement = isValid ? text[..used] : _replacement;
        }

        return used;
    }

    private int Symbol(ReadOnlySpan<byte> text)
    {
        int longest = 0;
        PieceTrie.Node node = default;
        for (int i = 0; _symbols is not null && i < text.Length && _symbols.Step(ref node, text[i]); i++)
        {
            longest = _symbols.PieceAt(node) >= 0 ? i + 1 : longest;
        }

        return longest;
    }
}
