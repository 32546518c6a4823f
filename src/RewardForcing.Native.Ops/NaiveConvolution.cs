using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Multiplies patches of a channels-last video with a convolution's weight, one output position at a time.</summary>
internal sealed class NaiveConvolution
{
    private readonly float[] _weight;
    private readonly float[] _bias;
    private readonly Elements _y;
    private readonly int _outputs;
    private readonly int _length;

    public NaiveConvolution(Tensor weight, Tensor? bias, Tensor y)
    {
        (_outputs, int channels) = (weight.Shape[0], weight.Shape[1]);
        _length = (int)(weight.Count / _outputs);
        int taps = _length / channels;
        float[] stored = new float[weight.Count];
        new Elements(weight).Widen(0, stored);
        _weight = new float[weight.Count];
        for (int o = 0; o < _outputs; o++)
        {
            for (int c = 0; c < channels; c++)
            {
                for (int t = 0; t < taps; t++)
                {
                    _weight[(o * _length) + (t * channels) + c] = stored[(o * _length) + (c * taps) + t];
                }
            }
        }

        _bias = new float[_outputs];
        if (bias is not null)
        {
            new Elements(bias).Widen(0, _bias);
        }

        _y = new Elements(y);
    }

    public delegate void Gather(long row, Span<float> patch);

    public void Run(CpuDevice cpu, Gather gather) => Chunks.Rows(cpu, _y.Count / _outputs, (long)_length * _outputs, _length + _outputs, (first, count, scratch) =>
    {
        Span<float> patch = scratch[.._length];
        for (long row = first; row < first + count; row++)
        {
            gather(row, patch);
            Span<float> result = _y.Target(row * _outputs, _outputs, scratch[_length..]);
            for (int o = 0; o < _outputs; o++)
            {
                result[o] = Lanes.Dot(patch, _weight.AsSpan(o * _length, _length)) + _bias[o];
            }

            _y.Commit(row * _outputs, result);
        }
    });
}
