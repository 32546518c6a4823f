using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>Takes added tokens out of a text and normalises what is left: first those of the raw text, then those of the normalised one.</summary>
internal sealed class AddedTokens
{
    private readonly TextNormalizer _normalizer;
    private readonly Dictionary<char, AddedToken[]> _raw;
    private readonly Dictionary<char, AddedToken[]> _normalized;

    public AddedTokens(AddedToken[] tokens, TextNormalizer normalizer)
    {
        _normalizer = normalizer;
        _raw = ByFirst(tokens.Where(static token => !token.IsNormalized));
        _normalized = ByFirst(tokens.Where(static token => token.IsNormalized).Select(token => token with { Text = normalizer.Apply(token.Text) }));
    }

    /// <summary>The parts of a text: a token's number with no text, or a normalised text with -1 that is not empty.</summary>
    public IEnumerable<(string Text, int Token, bool IsFirst)> Split(string text)
    {
        foreach ((string part, int token, bool isFirst) in Split(text, _raw))
        {
            if (token >= 0)
            {
                yield return (part, token, false);
                continue;
            }

            foreach ((string inner, int innerToken, bool isInnerFirst) in Split(_normalizer.Apply(part), _normalized))
            {
                yield return (inner, innerToken, isFirst && isInnerFirst);
            }
        }
    }

    private static IEnumerable<(string Text, int Token, bool IsFirst)> Split(string text, Dictionary<char, AddedToken[]> tokens)
    {
        int done = 0;
        for (int at = 0; at < text.Length; at++)
        {
            if (Find(text, at, tokens) is not { } token)
            {
                continue;
            }

            int start = at;
            int end = at + token.Text.Length;
            while (token.TakesLeft && start > done && IsSpace(text, start - 1))
            {
                start--;
            }

            while (token.TakesRight && end < text.Length && IsSpace(text, end))
            {
                end++;
            }

            if (start > done)
            {
                yield return (text[done..start], -1, done == 0);
            }

            yield return ("", token.Id, false);
            (done, at) = (end, end - 1);
        }

        if (done < text.Length)
        {
            yield return (text[done..], -1, done == 0);
        }
    }

    // The longest token that begins here.
    private static AddedToken? Find(string text, int at, Dictionary<char, AddedToken[]> tokens) =>
        !tokens.TryGetValue(text[at], out AddedToken[]? candidates) ? null
        : Array.Find(candidates, token => string.CompareOrdinal(text, at, token.Text, 0, token.Text.Length) == 0 && (!token.IsWord || IsApart(text, at, at + token.Text.Length)));

    private static bool IsApart(string text, int start, int end) =>
        (start == 0 || !IsWordCharacter(text[start - 1])) && (end == text.Length || !IsWordCharacter(text[end]));

    private static bool IsWordCharacter(char character) => char.IsLetterOrDigit(character) || character == '_';

    private static bool IsSpace(string text, int at) => char.IsWhiteSpace(text[at]);

    private static Dictionary<char, AddedToken[]> ByFirst(IEnumerable<AddedToken> tokens) => tokens.Where(static token => token.Text.Length > 0)
        .GroupBy(static token => token.Text[0]).ToDictionary(static group => group.Key, static group => group.OrderByDescending(static token => token.Text.Length).ToArray());
}
