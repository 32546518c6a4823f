using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The numbers of a tensor in host memory, read and written as floats whatever they are stored as. A value, so loops may capture it.</summary>
internal readonly unsafe struct Elements
{
    private readonly nint _address;
    private readonly DType _type;

    public Elements(Tensor tensor)
    {
        _address = tensor.Address;
        _type = tensor.DType;
        Count = tensor.Count;
    }

    public long Count { get; }

    /// <summary>Elements <c>first .. first + count</c>: the tensor's own memory if it holds floats, else widened into <paramref name="scratch"/>.</summary>
    public ReadOnlySpan<float> Read(long first, int count, Span<float> scratch)
    {
        if (_type == DType.F32)
        {
            return new ReadOnlySpan<float>((float*)_address + first, count);
        }

        Span<float> values = scratch[..count];
        Widen(first, values);
        return values;
    }

    /// <summary>Copies elements to floats of the caller.</summary>
    public void Widen(long first, Span<float> values)
    {
        switch (_type)
        {
            case DType.F32:
                new ReadOnlySpan<float>((float*)_address + first, values.Length).CopyTo(values);
                break;
            case DType.BF16:
                Rounding.Widen(new ReadOnlySpan<BFloat16>((BFloat16*)_address + first, values.Length), values);
                break;
            case DType.F16:
                Rounding.Widen(new ReadOnlySpan<Half>((Half*)_address + first, values.Length), values);
                break;
            default:
                Rounding.Widen(new ReadOnlySpan<Float8E4M3>((Float8E4M3*)_address + first, values.Length), values);
                break;
        }
    }

    /// <summary>Where to put results: the tensor's own memory if it holds floats, else <paramref name="scratch"/>, to be handed to <see cref="Commit"/>.</summary>
    public Span<float> Target(long first, int count, Span<float> scratch) =>
        _type == DType.F32 ? new Span<float>((float*)_address + first, count) : scratch[..count];

    /// <summary>Stores what was put into <see cref="Target"/>: rounds once, to nearest even. Does nothing for a tensor of floats.</summary>
    public void Commit(long first, ReadOnlySpan<float> values)
    {
        switch (_type)
        {
            case DType.F32:
                break;
            case DType.BF16:
                Rounding.Round(values, new Span<BFloat16>((BFloat16*)_address + first, values.Length));
                break;
            case DType.F16:
                Rounding.Round(values, new Span<Half>((Half*)_address + first, values.Length));
                break;
            default:
                Rounding.Round(values, new Span<Float8E4M3>((Float8E4M3*)_address + first, values.Length));
                break;
        }
    }
}
