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
