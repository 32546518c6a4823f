namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Learns a tokenizer.</summary>
internal static class TokenizerVerb
{
    /// <summary>Pieces that are learnt if nothing else is said.</summary>
    public const int Pieces = 120;

    private const int Prompts = 4000;

    public static void Run(ToolArguments arguments)
    {
        (string output, int pieces) = (arguments.Need("--output"), arguments.Whole("--pieces", Pieces));
        (int count, int seed) = (arguments.Whole("--count", Prompts), arguments.Whole("--seed", 0, least: 0));
        arguments.RequireNothingElse();
        int learnt = Write(output, pieces, count, (ulong)seed);
        Console.WriteLine($"{Path.Combine(output, "spiece.model")}: {learnt} pieces, {SentencePieceWriter.FirstPiece} special ones and bytes before them");
    }

    /// <summary>Learns from prompts of training scenes and writes the file.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="pieces">Pieces at most.</param>
    /// <param name="prompts">Prompts to learn from.</param>
    /// <param name="seed">Seed of their scenes.</param>
    /// <returns>Pieces learnt.</returns>
    public static int Write(string folder, int pieces = Pieces, int prompts = Prompts, ulong seed = 0)
    {
        Dictionary<string, long> words = WordCounts.Of(Enumerable.Range(0, prompts).Select(index => Scene.Draw(seed, index, SceneSplit.Train).Text.Prompt));
        IReadOnlyList<(string Text, double Score)> learnt = UnigramTrainer.Train(words, pieces);
        SentencePieceWriter.Write(Path.Combine(folder, "spiece.model"), learnt);
        return learnt.Count;
    }
}
