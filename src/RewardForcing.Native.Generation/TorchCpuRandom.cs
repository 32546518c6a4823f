using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>PyTorch's CPU generator: the same seed and the same calls give the numbers <c>torch.manual_seed</c> and <c>torch.randn</c> would.</summary>
/// <remarks>
/// Words and everything made of them without a logarithm are exact; normals agree to about 1e-6, because PyTorch's vector logarithm and
/// cosine are approximations. Fewer than 16 normals are drawn one by one in double and the second of each pair is kept for the next call;
/// 16 and more are made in place, 16 uniforms at a time: eight radii, then eight angles. A last group that is not full starts over 16
/// elements before the end with fresh uniforms.
/// </remarks>
public sealed class TorchCpuRandom
{
    private const int Group = 16;
    private const int Half = Group / 2;

    private readonly MersenneTwister _words;
    private double? _spare;

    /// <summary>Seeds the generator.</summary>
    /// <param name="seed">As given to <c>torch.manual_seed</c>; the engine uses its low 32 bits.</param>
    public TorchCpuRandom(ulong seed) => _words = new MersenneTwister((uint)seed);

    /// <summary>The next raw word of the engine.</summary>
    public uint NextWord() => _words.Next();

    /// <summary>As <c>torch.rand</c> of F32: 24 bits, at least 0 and less than 1.</summary>
    /// <param name="values">Destination.</param>
    public void Uniform(Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (_words.Next() & 0xFFFFFF) * (1f / 0x1000000);
        }
    }

    /// <summary>As <c>torch.randn</c> of F32.</summary>
    /// <param name="values">Destination: all elements of one call.</param>
    public void Normal(Span<float> values)
    {
        if (values.Length < Group)
        {
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = (float)NextNormal();
            }

            return;
        }

        Uniform(values);
        for (int i = 0; i <= values.Length - Group; i += Group)
        {
            BoxMuller(values.Slice(i, Group));
        }

        if (values.Length % Group != 0)
        {
            Span<float> tail = values[^Group..];
            Uniform(tail);
            BoxMuller(tail);
        }
    }

    /// <summary>As <c>torch.randn</c> of F64.</summary>
    /// <param name="values">Destination: all elements of one call.</param>
    public void Normal(Span<double> values)
    {
        if (values.Length < Group)
        {
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = NextNormal();
            }

            return;
        }

        Uniform(values);
        for (int i = 0; i <= values.Length - Group; i += Group)
        {
            BoxMuller(values.Slice(i, Group));
        }

        if (values.Length % Group != 0)
        {
            Span<double> tail = values[^Group..];
            Uniform(tail);
            BoxMuller(tail);
        }
    }

    /// <summary>As <c>torch.randn</c> of BF16: from 16 elements on, uniforms have 8 bits and every step is rounded.</summary>
    /// <param name="values">Destination: all elements of one call, as floats that are bfloat16 numbers.</param>
    public void NormalBf16(Span<float> values)
    {
        if (values.Length < Group)
        {
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = Round((float)NextNormal());
            }

            return;
        }

        UniformBf16(values);
        for (int i = 0; i <= values.Length - Group; i += Group)
        {
            BoxMullerBf16(values.Slice(i, Group));
        }

        if (values.Length % Group != 0)
        {
            Span<float> tail = values[^Group..];
            UniformBf16(tail);
            BoxMullerBf16(tail);
        }
    }

    /// <summary>As <c>torch.randint(low, high)</c>: at least <paramref name="low"/> and less than <paramref name="high"/>.</summary>
    /// <param name="values">Destination.</param>
    /// <param name="low">Smallest value.</param>
    /// <param name="high">One more than the largest value.</param>
    public void Integers(Span<long> values, long low, long high)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(high, low);
        ulong range = unchecked((ulong)(high - low));
        for (int i = 0; i < values.Length; i++)
        {
            ulong word = range >> 32 == 0 ? _words.Next() : NextLong();
            values[i] = unchecked(low + (long)(word % range));
        }
    }

    /// <summary>As <c>torch.randperm</c>.</summary>
    /// <param name="count">Number of elements.</param>
    public long[] Permutation(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var values = new long[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = i;
        }

        for (int i = 0; i < count - 1; i++)
        {
            int other = i + (int)(_words.Next() % (uint)(count - i));
            (values[i], values[other]) = (values[other], values[i]);
        }

        return values;
    }

    private static float Round(float value) => (float)(BFloat16)value;

    private static void BoxMuller(Span<float> group)
    {
        for (int i = 0; i < Half; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1f - group[i]));
            (double sine, double cosine) = Math.SinCos(2 * Math.PI * group[i + Half]);
            group[i] = (float)(radius * cosine);
            group[i + Half] = (float)(radius * sine);
        }
    }

    private static void BoxMuller(Span<double> group)
    {
        for (int i = 0; i < Half; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - group[i]));
            (double sine, double cosine) = Math.SinCos(2 * Math.PI * group[i + Half]);
            group[i] = radius * cosine;
            group[i + Half] = radius * sine;
        }
    }

    private static void BoxMullerBf16(Span<float> group)
    {
        for (int i = 0; i < Half; i++)
        {
            float radius = Round(MathF.Sqrt(-2f * Round(MathF.Log(1f - group[i]))));
            float angle = Round((float)(2 * Math.PI * group[i + Half]));
            group[i] = Round(radius * Round(MathF.Cos(angle)));
            group[i + Half] = Round(radius * Round(MathF.Sin(angle)));
        }
    }

    private ulong NextLong()
    {
        ulong high = _words.Next();
        return (high << 32) | _words.Next();
    }

    private double NextUniform() => (NextLong() & ((1UL << 53) - 1)) * (1.0 / (1UL << 53));

    private double NextNormal()
    {
        if (_spare is double spare)
        {
            _spare = null;
            return spare;
        }

        double angle = 2 * Math.PI * NextUniform();
        double radius = Math.Sqrt(-2 * Math.Log(1 - NextUniform()));
        (double sine, double cosine) = Math.SinCos(angle);
        _spare = radius * sine;
        return radius * cosine;
    }

    private void Uniform(Span<double> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = NextUniform();
        }
    }

    private void UniformBf16(Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (_words.Next() & 0xFF) * (1f / 0x100);
        }
    }
}
