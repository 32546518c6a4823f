using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The numbers of a tensor, repeated without end: how the smaller operand of an elementwise op is read.</summary>
internal readonly struct RepeatedElements
{
    private readonly Elements _elements;

    public RepeatedElements(Tensor tensor) => _elements = new Elements(tensor);

    /// <summary>Elements <c>first .. first + count</c> of the repetition; <paramref name="scratch"/> is used unless they are floats and lie in one piece.</summary>
    public ReadOnlySpan<float> Read(long first, int count, Span<float> scratch)
    {
        long period = _elements.Count;
        long offset = first % period;
        if (offset + count <= period)
        {
            return _elements.Read(offset, count, scratch);
        }

        int filled = (int)(period - offset);
        _elements.Widen(offset, scratch[..filled]);
        int once = (int)Math.Min(period, count - filled);
        _elements.Widen(0, scratch.Slice(filled, once));
        filled += once;
        while (filled < count)
        {
            // Whole periods that are there already, copied behind themselves.
            int whole = filled / (int)period * (int)period;
            int length = Math.Min(whole, count - filled);
            scratch.Slice(filled - whole, length).CopyTo(scratch[filled..]);
            filled += length;
        }

        return scratch[..count];
    }
}
