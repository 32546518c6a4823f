using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary>Numbers as tensors of any element type store them.</summary>
public static class ElementValues
{
    /// <summary>The nearest number that the type can store, ties to even.</summary>
    public static double Round(DType type, double value) => type switch
    {
        DType.F32 => (float)value,
        DType.BF16 => BFloat16.Round((float)value),
        DType.F16 => (double)(Half)(float)value,
        DType.F8E4M3 => (float)(Float8E4M3)(float)value,
        _ => value,
    };

    /// <summary>Distance from <paramref name="value"/> to the next number the type can store; 0 for integers.</summary>
    public static double Spacing(DType type, double value)
    {
        (int fraction, int smallest) = type switch
        {
            DType.F32 => (23, -126),
            DType.BF16 => (7, -126),
            DType.F16 => (10, -14),
            DType.F8E4M3 => (3, -6),
            _ => (0, int.MinValue),
        };
        return !type.IsFloat() ? 0
            : !double.IsFinite(value) ? double.PositiveInfinity
            : Math.ScaleB(1, Math.Max(value == 0 ? smallest : Math.ILogB(value), smallest) - fraction);
    }

    /// <summary>Random values of an input, rounded to what the type can store.</summary>
    public static double[] Draw(Random random, CaseInput input, DType type)
    {
        var values = new double[input.Shape.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = input.Kind == InputKind.Index ? random.Next((int)input.Low, (int)input.High)
                : type.IsFloat() ? Round(type, input.Low + (random.NextDouble() * (input.High - input.Low)))
                : random.Next(0, 256);
        }

        return values;
    }

    /// <summary>Makes a tensor of values that the type can store.</summary>
    public static void Write(Tensor tensor, ReadOnlySpan<double> values)
    {
        switch (tensor.DType)
        {
            case DType.F32:
                Write(tensor, values, static value => (float)value);
                break;
            case DType.BF16:
                Write(tensor, values, static value => (BFloat16)(float)value);
                break;
            case DType.F16:
                Write(tensor, values, static value => (Half)(float)value);
                break;
            case DType.F8E4M3:
                Write(tensor, values, static value => (Float8E4M3)(float)value);
                break;
            case DType.I32:
                Write(tensor, values, static value => (int)value);
                break;
            case DType.I64:
                Write(tensor, values, static value => (long)value);
                break;
            default:
                Write(tensor, values, static value => (byte)value);
                break;
        }
    }

    /// <summary>Reads a tensor of any type.</summary>
    public static double[] Read(Tensor tensor) => tensor.DType switch
    {
        DType.I32 => Array.ConvertAll(tensor.ToArray<int>(), static value => (double)value),
        DType.I64 => Array.ConvertAll(tensor.ToArray<long>(), static value => (double)value),
        DType.U8 => Array.ConvertAll(tensor.ToArray<byte>(), static value => (double)value),
        _ => Array.ConvertAll(tensor.ToFloats(), static value => (double)value),
    };

    private static void Write<T>(Tensor tensor, ReadOnlySpan<double> values, Func<double, T> convert)
        where T : unmanaged
    {
        var elements = new T[values.Length];
        for (int i = 0; i < elements.Length; i++)
        {
            elements[i] = convert(values[i]);
        }

        tensor.CopyFrom<T>(elements);
    }
}
