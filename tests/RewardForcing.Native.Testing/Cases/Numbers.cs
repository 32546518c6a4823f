using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary>A dense array with any number of dimensions, for formulas: <c>y[b, l, c] = x[b, l, c] + z[c]</c>.</summary>
/// <typeparam name="T">Number type.</typeparam>
public sealed class Numbers<T>
{
    /// <summary>Creates an array of zeros.</summary>
    public Numbers(params ReadOnlySpan<int> extents)
        : this(new Shape(extents), new T[new Shape(extents).Count])
    {
    }

    /// <summary>Gives a shape to values.</summary>
    public Numbers(Shape shape, T[] values) => (Shape, Values) = (shape, values);

    /// <summary>Extents, outermost first.</summary>
    public Shape Shape { get; }

    /// <summary>The elements in row-major order.</summary>
    public T[] Values { get; }

    /// <summary>One element.</summary>
    public ref T this[params ReadOnlySpan<int> at]
    {
        get
        {
            if (at.Length != Shape.Rank)
            {
                throw new ArgumentException($"numbers: {Shape} takes {Shape.Rank} indices, got {at.Length}.", nameof(at));
            }

            int offset = 0;
            for (int d = 0; d < at.Length; d++)
            {
                // A formula that reads beside its array would make a wrong truth.
                if ((uint)at[d] >= (uint)Shape[d])
                {
                    throw new ArgumentOutOfRangeException(nameof(at), $"numbers: index {at[d]} is not within dimension {d} of {Shape}.");
                }

                offset = (offset * Shape[d]) + at[d];
            }

            return ref Values[offset];
        }
    }

    /// <summary>The same elements with other extents of the same product.</summary>
    public Numbers<T> Reshape(params ReadOnlySpan<int> extents)
    {
        Shape shape = new(extents);
        return shape.Count == Values.Length ? new Numbers<T>(shape, Values) : throw new ArgumentException($"numbers: {Shape} cannot be {shape}.", nameof(extents));
    }
}
