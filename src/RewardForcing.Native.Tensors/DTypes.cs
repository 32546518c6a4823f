namespace RewardForcing.Native.Tensors;

/// <summary>Facts about <see cref="DType"/> values.</summary>
public static class DTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this DType type) => type switch
    {
        DType.F32 or DType.I32 => 4,
        DType.I64 => 8,
        DType.BF16 or DType.F16 => 2,
        DType.F8E4M3 or DType.U8 => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "dtype: not a storage type."),
    };

    /// <summary>Whether elements are floating-point numbers.</summary>
    public static bool IsFloat(this DType type) => type is DType.F32 or DType.BF16 or DType.F16 or DType.F8E4M3;

    /// <summary>The <see cref="DType"/> whose elements are <typeparamref name="T"/>.</summary>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type.</exception>
    public static DType Of<T>()
        where T : unmanaged
    {
        return typeof(T) == typeof(float) ? DType.F32
            : typeof(T) == typeof(BFloat16) ? DType.BF16
            : typeof(T) == typeof(Half) ? DType.F16
            : typeof(T) == typeof(Float8E4M3) ? DType.F8E4M3
            : typeof(T) == typeof(int) ? DType.I32
            : typeof(T) == typeof(long) ? DType.I64
            : typeof(T) == typeof(byte) ? DType.U8
            : throw new NotSupportedException($"dtype: {typeof(T).Name} is not an element type.");
    }
}
