using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary>One tensor an op takes.</summary>
/// <param name="Name">The argument's name, as the op's errors say it.</param>
/// <param name="Shape">Extents.</param>
/// <param name="Kind">Which element types it may have.</param>
/// <param name="Low">Smallest value.</param>
/// <param name="High">Largest value; for <see cref="InputKind.Index"/> the first integer that is too large.</param>
/// <param name="Changes">Whether the op writes to it.</param>
public readonly record struct CaseInput(string Name, Shape Shape, InputKind Kind = InputKind.Activation, double Low = -1, double High = 1, bool Changes = false);
