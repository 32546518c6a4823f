namespace RewardForcing.Native.Generation;

/// <summary>A prompt of a run.</summary>
/// <param name="Index">Its number, from 0.</param>
/// <param name="Name">The prompt that names the files.</param>
/// <param name="Text">The prompt that is encoded.</param>
/// <param name="ImagePath">The picture its videos start from; null for none.</param>
public sealed record PromptLine(int Index, string Name, string Text, string? ImagePath);
