using System.Runtime.CompilerServices;

namespace RewardForcing.Native.Tensors;

/// <summary>Extents of a dense, row-major tensor; at most <see cref="MaxRank"/> dimensions, kept inline so it never allocates.</summary>
public readonly struct Shape : IEquatable<Shape>
{
    /// <summary>The largest supported number of dimensions.</summary>
    public const int MaxRank = 8;

    [InlineArray(MaxRank)]
    private struct Extents
    {
        private int _first;
    }

    private readonly Extents _extents;
    private readonly long _count;

    /// <summary>Creates a shape from its extents, outermost first; no extents make a scalar.</summary>
    /// <param name="extents">At most <see cref="MaxRank"/> extents, each at least 0.</param>
    /// <exception cref="ArgumentException">The rank is too large, an extent is negative or the product overflows.</exception>
    public Shape(params ReadOnlySpan<int> extents)
    {
        if (extents.Length > MaxRank)
        {
            throw new ArgumentException($"shape: expected at most {MaxRank} dimensions, got {extents.Length}.", nameof(extents));
        }

        Rank = extents.Length;
        long count = 1;
        for (int i = 0; i < extents.Length; i++)
        {
            if (extents[i] < 0)
            {
                throw new ArgumentException($"shape: dimension {i} must not be negative, got {extents[i]}.", nameof(extents));
            }

            _extents[i] = extents[i];
            count = checked(count * extents[i]);
        }

        _count = count;
    }

    /// <summary>Number of dimensions.</summary>
    public int Rank { get; }

    /// <summary>Number of elements; 1 for a scalar.</summary>
    public long Count => Rank == 0 ? 1 : _count; // new Shape() and default run no constructor: they are scalars too.

    /// <summary>Extent of a dimension; <c>^1</c> is the innermost one.</summary>
    public int this[Index i] => ((ReadOnlySpan<int>)_extents)[..Rank][i];

    /// <summary>The product of all dimensions but the last: how many rows of <c>this[^1]</c> elements there are.</summary>
    public long Rows => Rank == 0 ? 1 : this[^1] == 0 ? 0 : Count / this[^1];

    /// <summary>The extents as an array.</summary>
    public int[] ToArray() => ((ReadOnlySpan<int>)_extents)[..Rank].ToArray();

    /// <summary>A shape of the same rank with one extent replaced.</summary>
    public Shape With(Index dimension, int extent)
    {
        int[] extents = ToArray();
        extents[dimension] = extent;
        return new Shape(extents);
    }

    /// <inheritdoc/>
    public bool Equals(Shape other) => Rank == other.Rank
        && ((ReadOnlySpan<int>)_extents)[..Rank].SequenceEqual(((ReadOnlySpan<int>)other._extents)[..Rank]);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Rank, Count);

    /// <summary>Compares extents.</summary>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>Compares extents.</summary>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);

    /// <summary>Renders as <c>[2, 1560, 1536]</c>, the form every error message uses.</summary>
    public override string ToString() => $"[{string.Join(", ", ToArray())}]";
}
