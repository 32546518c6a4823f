namespace RewardForcing.Native.Ops;

/// <summary>Work that is written once for all kinds of tiles; <see cref="SimdPaths.Run"/> chooses the kind.</summary>
internal interface ITileWork
{
    /// <summary>Does the work with one kind of tile.</summary>
    void Run<TSimd, TVector, TTile>()
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
        where TTile : struct, ITile;
}
