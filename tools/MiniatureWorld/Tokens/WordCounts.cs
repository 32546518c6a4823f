namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Counts the words of texts as the vocabulary takes them: a space belongs to the word behind it, punctuation stands alone.</summary>
internal static class WordCounts
{
    private const char Space = '\u2581';

    /// <summary>Counts.</summary>
    /// <param name="texts">Any texts.</param>
    public static Dictionary<string, long> Of(IEnumerable<string> texts)
    {
        Dictionary<string, long> counts = new(StringComparer.Ordinal);
        foreach (string text in texts)
        {
            foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                int letters = word.Length;
                while (letters > 0 && char.IsPunctuation(word[letters - 1]))
                {
                    letters--;
                }

                Add(counts, Space + word[..letters]);
                foreach (char mark in word[letters..])
                {
                    Add(counts, mark.ToString());
                }
            }
        }

        return counts;
    }

    private static void Add(Dictionary<string, long> counts, string word) => counts[word] = counts.GetValueOrDefault(word) + 1;
}
