using System.Globalization;

namespace RewardForcing.Native.Formats;

/// <summary>Cuts a normalised text into the pieces whose probabilities have the largest product (Kudo 2018), in one walk over the text.</summary>
/// <remarks>
/// Two widely used programs differ in small things, and so do their ids on ties: SentencePiece rounds the best score so far to a float
/// but compares candidates as doubles, and leaves pieces that are no text out of the least score.
/// </remarks>
internal sealed class UnigramModel
{
    private const double UnknownPenalty = 10;
    private readonly IReadOnlyList<Piece> _pieces;
    private readonly PieceTrie _trie;
    private readonly int _unknown;
    private readonly int[]? _bytes;
    private readonly double _unknownScore;
    private readonly float _largest;
    private readonly bool _rounds;

    /// <summary>Prepares a vocabulary.</summary>
    /// <param name="pieces">The vocabulary.</param>
    /// <param name="unknown">Number of the piece for unknown characters.</param>
    /// <param name="fallsBackToBytes">Whether unknown characters become pieces of one byte each, where the vocabulary has them all.</param>
    /// <param name="isSentencePiece">Whether scores are rounded, and only normal pieces count for the least score, as SentencePiece does.</param>
    public UnigramModel(IReadOnlyList<Piece> pieces, int unknown, bool fallsBackToBytes, bool isSentencePiece)
    {
        (_pieces, _unknown, _rounds) = (pieces, unknown, isSentencePiece);
        _trie = new PieceTrie([.. pieces.Index().Where(static entry => entry.Item.Kind is PieceKind.Normal or PieceKind.UserDefined).Select(static entry => (entry.Item.Text, entry.Index))]);
        (double smallest, double largest) = (double.MaxValue, double.MinValue);
        foreach (Piece piece in pieces)
        {
            if (!isSentencePiece || piece.Kind == PieceKind.Normal)
            {
                (smallest, largest) = (Math.Min(smallest, piece.Score), Math.Max(largest, piece.Score));
            }
        }

        _unknownScore = (smallest == double.MaxValue ? 0 : smallest) - UnknownPenalty;
        _unknownScore = isSentencePiece ? (float)_unknownScore : _unknownScore;
        _largest = largest == double.MinValue ? 0 : (float)largest;
        _bytes = fallsBackToBytes ? Bytes(pieces) : null;
    }

    /// <summary>Cuts a text and adds the numbers of its pieces to a list.</summary>
    /// <param name="text">Normalised UTF-8.</param>
    /// <param name="ids">Where they go.</param>
    public void Encode(ReadOnlySpan<byte> text, List<int> ids)
    {
        (int[] starts, int[] pieces) = Best(text);
        int count = 0;
        for (int end = text.Length; end > 0; end = starts[end])
        {
            // The path is known backwards; turned around in place.
            (starts[text.Length - count], pieces[text.Length - count], count) = (starts[end], pieces[end], count + 1);
        }

        bool wasUnknown = false;
        for (int i = count - 1; i >= 0; i--)
        {
            int at = text.Length - i;
            int end = i > 0 ? starts[at + 1] : text.Length;
            bool isUnknown = pieces[at] == _unknown;
            if (!isUnknown)
            {
                ids.Add(pieces[at]);
            }
            else if (_bytes is not null)
            {
                foreach (byte value in text[starts[at]..end])
                {
                    ids.Add(_bytes[value]);
                }
            }
            else if (!wasUnknown)
            {
                ids.Add(_unknown);
            }

            wasUnknown = isUnknown;
        }
    }

    private (int[] Starts, int[] Pieces) Best(ReadOnlySpan<byte> text)
    {
        double[] scores = new double[text.Length + 1];
        int[] starts = new int[text.Length + 1];
        int[] pieces = new int[text.Length + 1];
        Array.Fill(starts, -1);
        for (int start = 0; start < text.Length;)
        {
            int character = Math.Min(CharacterLength(text[start]), text.Length - start);
            bool isCovered = false;
            PieceTrie.Node node = default;
            for (int end = start + 1; end <= text.Length && _trie.Step(ref node, text[end - 1]); end++)
            {
                int piece = _trie.PieceAt(node);
                if (piece >= 0)
                {
                    Offer(scores[start] + Score(piece, end - start), start, end, piece);
                    isCovered |= end - start == character;
                }
            }

            if (!isCovered)
            {
                double candidate = scores[start] + _unknownScore;
                Offer(_rounds ? (float)candidate : candidate, start, start + character, _unknown);
            }

            start += character;
        }

        return (starts, pieces);

        void Offer(double candidate, int start, int end, int piece)
        {
            if (starts[end] < 0 || candidate > scores[end])
            {
                (scores[end], starts[end], pieces[end]) = (_rounds ? (float)candidate : candidate, start, piece);
            }
        }
    }

    // A symbol that a user defined is always taken whole.
    private double Score(int piece, int length) =>
        _rounds && _pieces[piece].Kind == PieceKind.UserDefined ? (length * _largest) - 0.1 : _pieces[piece].Score;

    private static int CharacterLength(byte lead) => lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;

    private static int[]? Bytes(IReadOnlyList<Piece> pieces)
    {
        Dictionary<string, int> numbers = new(StringComparer.Ordinal);
        foreach ((int number, Piece piece) in pieces.Index())
        {
            if (piece.Text.Length == 6 && piece.Text.StartsWith("<0x", StringComparison.Ordinal))
            {
                numbers[piece.Text] = number;
            }
        }

        var bytes = new int[256];
        for (int i = 0; i < bytes.Length; i++)
        {
            if (!numbers.TryGetValue(NameOf(i), out bytes[i]))
            {
                return null;
            }
        }

        return bytes;
    }

    /// <summary>Whether a piece stands for a byte.</summary>
    public static bool IsByte(string piece) => piece.Length == 6
        && int.TryParse(piece.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value) && NameOf(value) == piece;

    /// <summary>The piece that stands for a byte.</summary>
    public static string NameOf(int value) => string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");
}
