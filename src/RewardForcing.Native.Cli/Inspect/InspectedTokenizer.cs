using RewardForcing.Native.Generation;

namespace RewardForcing.Native.Cli;

/// <summary>A tokenizer.</summary>
/// <param name="Part">What it is of a model folder; null outside of one.</param>
/// <param name="Path">Its file.</param>
/// <param name="Format">Of the file.</param>
/// <param name="VocabularySize">Pieces it knows; null if that was not read.</param>
public sealed record InspectedTokenizer(ModelPart? Part, string Path, string Format, int? VocabularySize)
    : InspectedItem(Part, Path);
