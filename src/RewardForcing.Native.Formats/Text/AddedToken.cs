namespace RewardForcing.Native.Formats;

/// <summary>A text that becomes one number wherever it stands.</summary>
/// <param name="Id">The number.</param>
/// <param name="Text">The text.</param>
/// <param name="IsNormalized">Whether it is looked for in the normalised text.</param>
/// <param name="TakesLeft">Whether it swallows white space before it.</param>
/// <param name="TakesRight">Whether it swallows white space behind it.</param>
/// <param name="IsWord">Whether letters or digits next to it prevent it.</param>
internal sealed record AddedToken(int Id, string Text, bool IsNormalized, bool TakesLeft, bool TakesRight, bool IsWord);
