namespace RewardForcing.Native.Formats;

/// <summary>What a piece of a vocabulary is, numbered as in SentencePiece models.</summary>
internal enum PieceKind
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>One entry of a vocabulary.</summary>
/// <param name="Text">The piece; spaces are U+2581.</param>
/// <param name="Score">Logarithm of its probability.</param>
/// <param name="Kind">What it is.</param>
internal readonly record struct Piece(string Text, double Score, PieceKind Kind);
