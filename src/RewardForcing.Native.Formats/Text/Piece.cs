namespace RewardForcing.Native.Formats;

/// <summary>One entry of a vocabulary.</summary>
/// <param name="Text">The piece; spaces are U+2581.</param>
/// <param name="Score">Logarithm of its probability.</param>
/// <param name="Kind">What it is.</param>
internal readonly record struct Piece(string Text, double Score, PieceKind Kind);
