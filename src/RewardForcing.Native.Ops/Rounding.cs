using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Conversions between floats and the narrow types, in SIMD lanes where that pays.</summary>
internal static class Rounding
{
    /// <summary>Rounds every lane to bfloat16 and widens it again; NaN stays NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Nearest(Vector<float> value)
    {
        Vector<uint> bits = Vector.AsVectorUInt32(value);
        Vector<uint> odd = Vector.ShiftRightLogical(bits, 16) & Vector<uint>.One;
        Vector<uint> rounded = (bits + new Vector<uint>(0x7FFF) + odd) & new Vector<uint>(0xFFFF0000);
        return Vector.AsVectorSingle(Vector.ConditionalSelect(Vector.AsVectorUInt32(Vector.Equals(value, value)), rounded, (bits & new Vector<uint>(0xFFFF0000)) | new Vector<uint>(0x400000)));
    }

    public static void Widen(ReadOnlySpan<BFloat16> source, Span<float> destination)
    {
        ReadOnlySpan<ushort> bits = MemoryMarshal.Cast<BFloat16, ushort>(source);
        int i = 0;
        for (; i <= bits.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(bits[i..]), out Vector<uint> low, out Vector<uint> high);
            Vector.AsVectorSingle(Vector.ShiftLeft(low, 16)).CopyTo(destination[i..]);
            Vector.AsVectorSingle(Vector.ShiftLeft(high, 16)).CopyTo(destination[(i + Vector<float>.Count)..]);
        }

        for (; i < bits.Length; i++)
        {
            destination[i] = source[i];
        }
    }

    public static void Widen(ReadOnlySpan<Half> source, Span<float> destination)
    {
        ReadOnlySpan<ushort> bits = MemoryMarshal.Cast<Half, ushort>(source);
        int i = 0;
        for (; i <= bits.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(bits[i..]), out Vector<uint> low, out Vector<uint> high);
            FromHalf(low).CopyTo(destination[i..]);
            FromHalf(high).CopyTo(destination[(i + Vector<float>.Count)..]);
        }

        for (; i < source.Length; i++)
        {
            destination[i] = (float)source[i];
        }
    }

    public static void Widen(ReadOnlySpan<Float8E4M3> source, Span<float> destination)
    {
        ReadOnlySpan<byte> bits = MemoryMarshal.Cast<Float8E4M3, byte>(source);
        int i = 0;
        for (; i <= bits.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(bits[i..]), out Vector<ushort> first, out Vector<ushort> second);
            WidenPair(first, destination[i..]);
            WidenPair(second, destination[(i + Vector<ushort>.Count)..]);
        }

        for (; i < source.Length; i++)
        {
            destination[i] = source[i];
        }
    }

    public static void Round(ReadOnlySpan<float> source, Span<BFloat16> destination)
    {
        Span<ushort> bits = MemoryMarshal.Cast<BFloat16, ushort>(destination);
        int i = 0;
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector<uint> low = Vector.AsVectorUInt32(Nearest(new Vector<float>(source[i..])));
            Vector<uint> high = Vector.AsVectorUInt32(Nearest(new Vector<float>(source[(i + Vector<float>.Count)..])));
            Vector.Narrow(Vector.ShiftRightLogical(low, 16), Vector.ShiftRightLogical(high, 16)).CopyTo(bits[i..]);
        }

        for (; i < source.Length; i++)
        {
            destination[i] = (BFloat16)source[i];
        }
    }

    public static void Round(ReadOnlySpan<float> source, Span<Half> destination)
    {
        for (int i = 0; i < source.Length; i++)
        {
            destination[i] = (Half)source[i];
        }
    }

    public static void Round(ReadOnlySpan<float> source, Span<Float8E4M3> destination)
    {
        for (int i = 0; i < source.Length; i++)
        {
            destination[i] = (Float8E4M3)source[i];
        }
    }

    private static void WidenPair(Vector<ushort> bits, Span<float> destination)
    {
        Vector.Widen(bits, out Vector<uint> low, out Vector<uint> high);
        FromFloat8(low).CopyTo(destination);
        FromFloat8(high).CopyTo(destination[Vector<float>.Count..]);
    }

    // Exponent and fraction of a narrow type in the places of a float's are the number times 2 to the difference of the biases, exactly, for
    // subnormal numbers too. Only infinities and NaN have to be told apart.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> FromHalf(Vector<uint> bits)
    {
        Vector<uint> magnitude = bits & new Vector<uint>(0x7FFF);
        Vector<uint> finite = Vector.AsVectorUInt32(Vector.AsVectorSingle(Vector.ShiftLeft(magnitude, 13)) * new Vector<float>(5.192296858534828e33f));
        Vector<uint> special = Vector.ShiftLeft(magnitude, 13) | new Vector<uint>(0x7F800000);
        Vector<uint> value = Vector.ConditionalSelect(Vector.LessThan(magnitude, new Vector<uint>(0x7C00)), finite, special);
        return Vector.AsVectorSingle(value | Vector.ShiftLeft(bits & new Vector<uint>(0x8000), 16));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> FromFloat8(Vector<uint> bits)
    {
        Vector<uint> magnitude = bits & new Vector<uint>(0x7F);
        Vector<uint> finite = Vector.AsVectorUInt32(Vector.AsVectorSingle(Vector.ShiftLeft(magnitude, 20)) * new Vector<float>(1.329227995784916e36f));
        Vector<uint> value = Vector.ConditionalSelect(Vector.Equals(magnitude, new Vector<uint>(0x7F)), new Vector<uint>(0x7FC00000), finite);
        return Vector.AsVectorSingle(value | Vector.ShiftLeft(bits & new Vector<uint>(0x80), 24));
    }
}
