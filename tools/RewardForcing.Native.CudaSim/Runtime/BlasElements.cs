using System.Runtime.Intrinsics;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim.Instructions;

namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>Reads and writes elements of matrices as binary32.</summary>
internal static unsafe class BlasElements
{
    /// <summary>Reads one element.</summary>
    public static float Read(byte* matrix, long index, BlasElement element) => element switch
    {
        BlasElement.Float32 => ((float*)matrix)[index],
        BlasElement.BFloat16 => BitConverter.UInt32BitsToSingle((uint)((ushort*)matrix)[index] << 16),
        BlasElement.Float16 => (float)((Half*)matrix)[index],
        BlasElement.Float8E4M3 => EightBitFloats.E4M3[matrix[index]],
        _ => EightBitFloats.E5M2[matrix[index]],
    };

    /// <summary>Reads elements that follow each other.</summary>
    public static void Read(byte* matrix, long index, BlasElement element, float* to, int count)
    {
        int i = 0;
        if (element == BlasElement.Float32)
        {
            new ReadOnlySpan<float>((float*)matrix + index, count).CopyTo(new Span<float>(to, count));
            return;
        }

        if (element == BlasElement.BFloat16)
        {
            for (var from = (ushort*)matrix + index; i <= count - 16; i += 16)
            {
                (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(Vector256.Load(from + i));
                (low << 16).AsSingle().Store(to + i);
                (high << 16).AsSingle().Store(to + i + 8);
            }
        }

        for (; i < count; i++)
        {
            to[i] = Read(matrix, index + i, element);
        }
    }

    /// <summary>Writes one element, rounded to nearest.</summary>
    public static void Write(byte* matrix, long index, BlasElement element, float value)
    {
        switch (element)
        {
            case BlasElement.Float32:
                ((float*)matrix)[index] = value;
                break;
            case BlasElement.BFloat16:
                uint bits = BitConverter.SingleToUInt32Bits(value);
                ((ushort*)matrix)[index] = float.IsNaN(value) ? (ushort)0x7FFF : (ushort)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
                break;
            case BlasElement.Float16:
                ((Half*)matrix)[index] = (Half)value;
                break;
            case BlasElement.Float8E4M3:
                matrix[index] = (byte)FloatFormat.E4M3.Encode(value, Rounding.NearestEven, true);
                break;
            default:
                matrix[index] = (byte)FloatFormat.E5M2.Encode(value, Rounding.NearestEven, true);
                break;
        }
    }

    /// <summary>A value rounded to tf32: 10 bits of fraction, ties away from zero.</summary>
    public static float ToTf32(float value) =>
        float.IsFinite(value) ? BitConverter.UInt32BitsToSingle((BitConverter.SingleToUInt32Bits(value) + 0x1000) & 0xFFFFE000) : value;
}
