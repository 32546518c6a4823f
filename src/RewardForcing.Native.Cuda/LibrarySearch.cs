namespace RewardForcing.Native.Cuda;

/// <summary>What the search for one CUDA library came to.</summary>
/// <param name="Name">Name for people, such as <c>NVRTC</c>.</param>
/// <param name="Location">Path or loader name that loaded; null if none did.</param>
/// <param name="Version">Version the library reports, such as <c>12.4</c>; null if it was not found or does not say.</param>
/// <param name="Tried">Every path or loader name that was tried, in order, up to the one that loaded.</param>
public sealed record LibrarySearch(string Name, string? Location, string? Version, IReadOnlyList<string> Tried);
