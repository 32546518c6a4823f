namespace RewardForcing.Native.CudaSim.Ptx;

/// <summary>An address inside the first value of a variable.</summary>
/// <param name="Offset">Byte at which it stands.</param>
/// <param name="Symbol">Variable it is the address of.</param>
/// <param name="Addend">Bytes added to it.</param>
/// <param name="Generic">Whether it is a generic address.</param>
public readonly record struct PtxReference(int Offset, string Symbol, long Addend, bool Generic);
