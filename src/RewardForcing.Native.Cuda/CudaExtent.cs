namespace RewardForcing.Native.Cuda;

/// <summary>Three counts: blocks of a grid, threads of a block or blocks of a cluster.</summary>
/// <param name="X">Count along x, which varies fastest.</param>
/// <param name="Y">Count along y.</param>
/// <param name="Z">Count along z.</param>
public readonly record struct CudaExtent(int X, int Y = 1, int Z = 1)
{
    /// <summary>Product of the three.</summary>
    public long Count => (long)X * Y * Z;

    /// <summary>One number is a count along x.</summary>
    /// <param name="x">Count along x.</param>
    public static implicit operator CudaExtent(int x) => new(x);

    /// <inheritdoc/>
    public override string ToString() => $"({X}, {Y}, {Z})";
}
