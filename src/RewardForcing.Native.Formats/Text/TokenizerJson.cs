using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>A tokenizer as the tokenizers library of Hugging Face writes it, <c>tokenizer.json</c>, with a unigram model.</summary>
/// <remarks>
/// Text that is a token added to the vocabulary is taken out first; the rest is normalised, cut into words, and every word into pieces. Whatever this
/// file type can say and this class does not do is refused by name rather than left out.
/// </remarks>
internal sealed class TokenizerJson : ITextToPieces
{
    private const int MaxPieces = 4_000_000;
    private const int MaxGap = 1 << 16;
    private static readonly string[] _frame = ["<pad>", "<s>", "</s>", "<unk>"];
    private readonly UnigramModel _model;
    private readonly TextNormalizer _normalizer;
    private readonly WordSplitter _words;
    private readonly AddedTokens _added;
    private readonly List<Piece> _pieces;
    private readonly int _vocabulary;

    private TokenizerJson(JsonPart file)
    {
        JsonPart model = file["model"];
        string type = model.TextOrNull("type") ?? (model.TryGet("unk_id", out _) ? "Unigram" : "");
        if (type != "Unigram")
        {
            throw model.Error($"holds a model of type \"{Printable.Text(type)}\", expected Unigram", "model.type");
        }

        bool fallsBack = model.Flag("byte_fallback", false);
        _pieces = ReadVocabulary(model["vocab"], fallsBack);
        _vocabulary = _pieces.Count;
        int unknown = model["unk_id"].Whole(0, _pieces.Count - 1);
        _pieces[unknown] = _pieces[unknown] with { Kind = PieceKind.Unknown };
        UnknownText = _pieces[unknown].Text;
        _normalizer = TextNormalizer.Read(file, "normalizer");
        _words = WordSplitter.Read(file, "pre_tokenizer");
        AddedToken[] added = file.TryGet("added_tokens", out JsonPart list) ? [.. list.Items().Select(ReadAdded).OfType<AddedToken>()] : [];
        _added = new AddedTokens(added, _normalizer);
        _model = new UnigramModel([.. _pieces.Take(_vocabulary)], unknown, fallsBack, isSentencePiece: false);
        (Prefix, Suffix) = file.TryGet("post_processor", out JsonPart template) ? ReadTemplate(template) : ([], []);
        int padding = _pieces.FindIndex(static piece => piece.Text == "<pad>");
        Padding = padding >= 0 ? padding : null;
    }

    public IReadOnlyList<Piece> Pieces => _pieces;

    public IReadOnlyList<int> Prefix { get; }

    public IReadOnlyList<int> Suffix { get; }

    public int? Padding { get; }

    public string UnknownText { get; }

    public bool AddsSpace => _words.AddsSpace;

    /// <summary>Reads a tokenizer.</summary>
    /// <param name="path">For messages.</param>
    /// <param name="bytes">The whole file.</param>
    /// <exception cref="ModelFormatException">It is damaged or describes another kind of tokenizer.</exception>
    public static TokenizerJson Read(string path, byte[] bytes) => new(JsonPart.Parse(path, bytes));

    public void Encode(string text, List<int> ids)
    {
        foreach ((string part, int token, bool isFirst) in _added.Split(text))
        {
            if (token >= 0)
            {
                ids.Add(token);
                continue;
            }

            foreach (string word in _words.Split(part, isFirst))
            {
                _model.Encode(Encoding.UTF8.GetBytes(word), ids);
            }
        }
    }

    private static List<Piece> ReadVocabulary(JsonPart vocabulary, bool fallsBack)
    {
        List<Piece> pieces = [];
        HashSet<string> texts = new(StringComparer.Ordinal);
        foreach (JsonPart entry in vocabulary.Items())
        {
            JsonPart[] pair = entry.IsList ? [.. entry.Items().Take(3)] : [];
            if (pair.Length != 2)
            {
                throw entry.Wrong("a list of a text and a score");
            }

            (string text, double score) = (pair[0].Text(), pair[1].Number());
            if (text.Length == 0 || !texts.Add(text) || pieces.Count == MaxPieces)
            {
                throw entry.Error(text.Length == 0 ? $"{entry.Key} is an empty piece"
                    : pieces.Count == MaxPieces ? $"has more than {MaxPieces:N0} pieces" : $"{entry.Key}: piece {Printable.Text(text)} is there twice");
            }

            pieces.Add(new Piece(text, score, fallsBack && UnigramModel.IsByte(text) ? PieceKind.Byte : PieceKind.Normal));
        }

        return pieces.Count > 0 ? pieces : throw vocabulary.Error("model.vocab is empty");
    }

    // What frames a text, such as </s>, is not looked for: in a prompt it stays text, as with spiece.model, and no prompt can close itself.
    private AddedToken? ReadAdded(JsonPart token)
    {
        JsonPart number = token["id"];
        int id = number.Whole(0, Math.Min(MaxPieces, _pieces.Count + MaxGap));
        string text = token["content"].Text();
        if (text.Length == 0)
        {
            throw token.Error($"{token.Key} is an empty token");
        }

        bool isFrame = id < _vocabulary && (_frame.Contains(text) || _pieces[id].Kind == PieceKind.Unknown);
        while (_pieces.Count <= id)
        {
            _pieces.Add(new Piece("", 0, PieceKind.Unused));
        }

        bool isSpecial = token.Flag("special", false);
        bool keepsKind = _pieces[id].Kind is PieceKind.Unknown or PieceKind.Byte && _pieces[id].Text == text;
        _pieces[id] = new Piece(text, _pieces[id].Score, keepsKind ? _pieces[id].Kind : isSpecial ? PieceKind.Control : PieceKind.UserDefined);
        return isFrame ? null : new AddedToken(id, text, token.Flag("normalized", !isSpecial), token.Flag("lstrip", false), token.Flag("rstrip", false), token.Flag("single_word", false));
    }

    private (int[] Prefix, int[] Suffix) ReadTemplate(JsonPart template)
    {
        string type = template["type"].Text();
        if (type != "TemplateProcessing")
        {
            throw template.Error($"post_processor of type \"{Printable.Text(type)}\" is not supported, expected TemplateProcessing", "post_processor.type");
        }

        List<int> prefix = [];
        List<int> suffix = [];
        bool isBehind = false;
        foreach (JsonPart part in template["single"].Items())
        {
            if (part.TryGet("SpecialToken", out JsonPart special))
            {
                (isBehind ? suffix : prefix).AddRange(SpecialIds(template, special["id"].Text()));
            }
            else
            {
                isBehind = !isBehind && part.TryGet("Sequence", out _) ? true : throw part.Error($"{part.Key} must be a special token or the one sequence");
            }
        }

        return isBehind ? ([.. prefix], [.. suffix]) : throw template.Error("post_processor.single leaves the text out", "post_processor.single");
    }

    private int[] SpecialIds(JsonPart template, string name)
    {
        if (!template["special_tokens"].TryGet(name, out JsonPart token))
        {
            throw template.Error($"post_processor.single names the special token {Printable.Text(name)}, which post_processor.special_tokens does not have", "post_processor.special_tokens");
        }

        return [.. token["ids"].Items().Select(id => id.Whole(0, _pieces.Count - 1))];
    }
}
