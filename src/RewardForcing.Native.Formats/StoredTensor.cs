namespace RewardForcing.Native.Formats;

/// <summary>A tensor of a PyTorch checkpoint, checked against the entry that holds its storage.</summary>
/// <param name="Record">The entry.</param>
/// <param name="Offset">First element, counted from the start of the storage.</param>
/// <param name="Strides">Elements from one index to the next, for each dimension.</param>
/// <param name="IsDense">Whether the elements lie row-major and in one piece.</param>
internal sealed record StoredTensor(ZipRecord Record, long Offset, long[] Strides, bool IsDense);
