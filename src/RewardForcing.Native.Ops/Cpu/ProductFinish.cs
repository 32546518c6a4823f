using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The end of a product: bias, activation and rounding of sums that are still in the cache.</summary>
internal readonly unsafe struct ProductFinish
{
    private readonly Elements _bias;
    private readonly Elements _target;
    private readonly bool _hasBias;
    private readonly bool _rounds;
    private readonly Activation _activation;

    public ProductFinish(Tensor y, Tensor? bias, Activation activation)
    {
        Rows = y.Shape.Rows;
        Columns = y.Shape[^1];
        _target = new Elements(y);
        _hasBias = bias is not null;
        _bias = bias is null ? default : new Elements(bias);
        _activation = activation;
        _rounds = y.DType == DType.BF16;
    }

    /// <summary>Rows of the result.</summary>
    public long Rows { get; }

    /// <summary>Columns of the result.</summary>
    public int Columns { get; }

    /// <summary>Floats of scratch memory for a part of <paramref name="width"/> columns.</summary>
    public int ScratchFloats(int width) => 2 * width;

    /// <summary>Reads the bias of the columns of a part into scratch memory.</summary>
    public void Begin(int firstColumn, int width, float* scratch)
    {
        var bias = new Span<float>(scratch, Math.Min(width, Columns - firstColumn));
        if (_hasBias)
        {
            _bias.Widen(firstColumn, bias);
        }
        else
        {
            bias.Clear();
        }
    }

    /// <summary>Stores finished rows.</summary>
    public void Store(long firstRow, int rows, int firstColumn, int width, float* sums, float* scratch)
    {
        int count = Math.Min(width, Columns - firstColumn);
        ReadOnlySpan<float> bias = new(scratch, count);
        Span<float> values = new(scratch + width, count);
        for (int row = 0; row < rows; row++)
        {
            long first = ((firstRow + row) * Columns) + firstColumn;
            ReadOnlySpan<float> source = new(sums + ((long)row * width), count);
            Span<float> result = _target.Target(first, count, values);
            if (_rounds && _activation != Activation.None)
            {
                Sum<RoundToBFloat16>(source, bias, result);
            }
            else
            {
                Sum<KeepFloat>(source, bias, result);
            }

            if (_activation != Activation.None)
            {
                Activations.Apply(_activation, result, result);
            }

            _target.Commit(first, result);
        }
    }

    private static void Sum<TRounding>(ReadOnlySpan<float> sums, ReadOnlySpan<float> bias, Span<float> result)
        where TRounding : struct, IRounding
    {
        for (int i = 0; i < sums.Length; i += Lanes.Width)
        {
            Lanes.Store(TRounding.Apply(Lanes.Load(sums, i) + Lanes.Load(bias, i)), result, i);
        }
    }
}
