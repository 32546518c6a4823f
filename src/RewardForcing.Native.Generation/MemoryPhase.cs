namespace RewardForcing.Native.Generation;

/// <summary>A time of a run during which its owners of memory are there together.</summary>
/// <param name="Name">What is done, such as <c>decoding</c>.</param>
/// <param name="Owners">The owners; those that take nothing are left out.</param>
public sealed record MemoryPhase(string Name, IReadOnlyList<MemoryOwner> Owners)
{
    /// <summary>The most all owners take together.</summary>
    public long Bytes => Owners.Sum(static owner => owner.Bytes);
}
