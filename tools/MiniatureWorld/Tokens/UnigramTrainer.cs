namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Learns a unigram vocabulary: pieces of words and their probabilities, by expectation and maximisation with pruning.</summary>
/// <remarks>Kudo 2018, "Subword regularization", section 3.2. Words never share a piece; a single character is never pruned.</remarks>
internal sealed class UnigramTrainer
{
    private const int MostCharacters = 16;
    private const int RoundsBetween = 2;
    private const double KeptShare = 0.75;
    private const double LeastCount = 0.5;
    private readonly Dictionary<string, long> _words;
    private Dictionary<string, double> _scores;

    private UnigramTrainer(Dictionary<string, long> words)
    {
        _words = words;
        _scores = Seeds(words);
    }

    /// <summary>Learns pieces.</summary>
    /// <param name="words">Words, a space in front of them as U+2581, and how often they occur.</param>
    /// <param name="most">Pieces at most, unless there are more characters.</param>
    /// <returns>Pieces and the logarithms of their probabilities, the likeliest first.</returns>
    public static IReadOnlyList<(string Text, double Score)> Train(IReadOnlyDictionary<string, long> words, int most)
    {
        UnigramTrainer trainer = new(new Dictionary<string, long>(words, StringComparer.Ordinal));
        while (true)
        {
            for (int round = 0; round < RoundsBetween; round++)
            {
                trainer.Round();
            }

            if (trainer._scores.Count <= most || !trainer.Prune(most))
            {
                return [.. trainer._scores.Select(static pair => (pair.Key, pair.Value))
                    .OrderByDescending(static pair => pair.Value).ThenBy(static pair => pair.Key, StringComparer.Ordinal)];
            }
        }
    }

    private static Dictionary<string, double> Seeds(Dictionary<string, long> words)
    {
        Dictionary<string, long> counts = new(StringComparer.Ordinal);
        foreach ((string word, long count) in words)
        {
            for (int start = 0; start < word.Length; start++)
            {
                for (int length = 1; length <= Math.Min(MostCharacters, word.Length - start); length++)
                {
                    string piece = word.Substring(start, length);
                    counts[piece] = counts.GetValueOrDefault(piece) + count;
                }
            }
        }

        double sum = counts.Sum(static pair => (double)pair.Value * pair.Key.Length);
        return counts.ToDictionary(static pair => pair.Key, pair => Math.Log(pair.Value * pair.Key.Length / sum), StringComparer.Ordinal);
    }

    // Counts every way to cut every word, weighted by its probability, and takes the counts as new probabilities.
    private void Round()
    {
        Dictionary<string, double> expected = new(StringComparer.Ordinal);
        foreach ((string word, long count) in _words)
        {
            AddExpected(expected, word, count);
        }

        double sum = expected.Values.Sum();
        Dictionary<string, double> next = new(StringComparer.Ordinal);
        foreach (string piece in _scores.Keys)
        {
            double count = expected.GetValueOrDefault(piece);
            if (count >= LeastCount || piece.Length == 1)
            {
                next[piece] = Math.Log(Math.Max(count, LeastCount) / sum);
            }
        }

        _scores = next;
    }

    private void AddExpected(Dictionary<string, double> expected, string word, long count)
    {
        double[] before = new double[word.Length + 1], after = new double[word.Length + 1];
        Array.Fill(before, double.NegativeInfinity, 1, word.Length);
        Array.Fill(after, double.NegativeInfinity, 0, word.Length);
        foreach ((int start, int end, string _, double score) in Cuts(word))
        {
            before[end] = LogSum(before[end], before[start] + score);
        }

        foreach ((int start, int end, string _, double score) in Cuts(word).Reverse())
        {
            after[start] = LogSum(after[start], after[end] + score);
        }

        foreach ((int start, int end, string piece, double score) in Cuts(word))
        {
            double share = Math.Exp(before[start] + score + after[end] - before[word.Length]);
            expected[piece] = expected.GetValueOrDefault(piece) + (count * share);
        }
    }

    // Drops the pieces without which the text loses least likelihood.
    private bool Prune(int most)
    {
        Dictionary<string, long> used = new(StringComparer.Ordinal);
        foreach ((string word, long count) in _words)
        {
            foreach (string piece in Best(word, null).Pieces)
            {
                used[piece] = used.GetValueOrDefault(piece) + count;
            }
        }

        string[] candidates = [.. _scores.Keys.Where(static piece => piece.Length > 1)
            .Select(piece => (Piece: piece, Loss: used.GetValueOrDefault(piece) * (_scores[piece] - Best(piece, piece).Score)))
            .OrderBy(static pair => pair.Loss).ThenBy(static pair => pair.Piece, StringComparer.Ordinal).Select(static pair => pair.Piece)];
        int excess = _scores.Count - Math.Max(most, (int)(_scores.Count * KeptShare));
        foreach (string piece in candidates.Take(excess))
        {
            _scores.Remove(piece);
        }

        return candidates.Length > 0 && excess > 0;
    }

    private (double Score, List<string> Pieces) Best(string word, string? without)
    {
        double[] best = new double[word.Length + 1];
        string[] last = new string[word.Length + 1];
        Array.Fill(best, double.NegativeInfinity, 1, word.Length);
        foreach ((int start, int end, string piece, double score) in Cuts(word))
        {
            if (piece != without && best[start] + score > best[end])
            {
                (best[end], last[end]) = (best[start] + score, piece);
            }
        }

        List<string> pieces = [];
        for (int end = word.Length; end > 0; end -= last[end].Length)
        {
            pieces.Add(last[end]);
        }

        return (best[word.Length], pieces);
    }

    // Ordered by their ends, so that everything before a start is known when it is needed.
    private IEnumerable<(int Start, int End, string Piece, double Score)> Cuts(string word)
    {
        for (int end = 1; end <= word.Length; end++)
        {
            for (int start = Math.Max(0, end - MostCharacters); start < end; start++)
            {
                string piece = word[start..end];
                if (_scores.TryGetValue(piece, out double score))
                {
                    yield return (start, end, piece, score);
                }
            }
        }
    }

    private static double LogSum(double a, double b)
    {
        double larger = Math.Max(a, b);
        return double.IsNegativeInfinity(larger) ? larger : larger + Math.Log(Math.Exp(a - larger) + Math.Exp(b - larger));
    }
}
