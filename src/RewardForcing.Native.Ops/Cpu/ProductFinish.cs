using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The end of a product: bias, activation and rounding of sums that are still in the cache.</summary>
internal readonly unsafe struct ProductFinish
{
    private readonly Elements _bias;
    private readonly Elements _target;
    private readonly nint _address;
    private readonly bool _hasBias;
    private readonly Activation _activation;

    public ProductFinish(Tensor y, Tensor? bias, Activation activation)
    {
        Rows = y.Shape.Rows;
        Columns = y.Shape[^1];
        InPlace = y.DType == DType.F32;
        _address = y.Address;
        _target = new Elements(y);
        _hasBias = bias is not null;
        _bias = bias is null ? default : new Elements(bias);
        _activation = activation;
    }

    /// <summary>Rows of the result.</summary>
    public long Rows { get; }

    /// <summary>Columns of the result.</summary>
    public int Columns { get; }

    /// <summary>Whether the result holds floats, so that sums are kept there and need no other place.</summary>
    public bool InPlace { get; }

    /// <summary>Where an element of a result in place is.</summary>
    public float* Target(long row, int column) => (float*)_address + (row * Columns) + column;

    /// <summary>Reads the bias of some columns, zeros past the last one; null if there is none.</summary>
    public float* Bias(int firstColumn, int width, float* scratch)
    {
        if (!_hasBias)
        {
            return null;
        }

        Span<float> values = new(scratch, width);
        int count = Math.Min(width, Columns - firstColumn);
        _bias.Widen(firstColumn, values[..count]);
        values[count..].Clear();
        return scratch;
    }

    /// <summary>Finishes rows whose sums, bias included, are complete.</summary>
    /// <param name="firstRow">The first row.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="firstColumn">The first column.</param>
    /// <param name="width">Number of columns; those past the last one of the result are left alone.</param>
    /// <param name="sums">The sums; the result itself if it is <see cref="InPlace"/>.</param>
    /// <param name="stride">Floats between rows of sums.</param>
    /// <param name="scratch">As many floats as columns.</param>
    public void Complete(long firstRow, int rows, int firstColumn, int width, float* sums, nint stride, float* scratch)
    {
        if (InPlace && _activation == Activation.None)
        {
            return;
        }

        int count = Math.Min(width, Columns - firstColumn);
        for (int row = 0; row < rows; row++)
        {
            Span<float> values = new(sums + (row * stride), count);
            if (!InPlace && _activation != Activation.None)
            {
                Round(values);
            }

            Activations.Apply(_activation, values, InPlace ? values : new Span<float>(scratch, count));
            if (!InPlace)
            {
                _target.Commit(((firstRow + row) * Columns) + firstColumn, new ReadOnlySpan<float>(scratch, count));
            }
        }
    }

    private static void Round(Span<float> values)
    {
        for (int i = 0; i < values.Length; i += Lanes.Width)
        {
            Lanes.Store(Rounding.Nearest(Lanes.Load(values, i)), values, i);
        }
    }
}
