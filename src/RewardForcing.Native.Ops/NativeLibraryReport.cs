namespace RewardForcing.Native.Ops;

/// <summary>A library of the machine that a device other than the CPU needs, and where it was looked for.</summary>
/// <param name="Name">Name for people.</param>
/// <param name="Location">Path or loader name that loaded; null if none did.</param>
/// <param name="Version">Version the library reports; null if unknown.</param>
/// <param name="Tried">Every path or loader name that was tried, in order.</param>
public sealed record NativeLibraryReport(string Name, string? Location, string? Version, IReadOnlyList<string> Tried);
