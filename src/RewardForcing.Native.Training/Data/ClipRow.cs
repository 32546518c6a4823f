using System.Buffers.Binary;
using System.Runtime.InteropServices;
using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Training;

/// <summary>Values of a row as files store them, and back; little-endian.</summary>
internal static class ClipRow
{
    /// <summary>Bytes of so many values.</summary>
    public static long Bytes(ElementType type, long count) => count * type.Bits() / 8;

    /// <summary>Turns stored bytes into values.</summary>
    /// <param name="type">F16, F32 or U8.</param>
    /// <param name="bytes">As stored.</param>
    /// <param name="values">Destination.</param>
    /// <param name="what">Names the row in messages.</param>
    /// <param name="file">The file at fault.</param>
    /// <exception cref="ModelFormatException">A value is not finite: a network trained on it would be lost.</exception>
    public static void Decode(ElementType type, ReadOnlySpan<byte> bytes, Span<float> values, string what, string file)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = type switch
            {
                ElementType.F16 => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(2 * i)..]),
                ElementType.F32 => BinaryPrimitives.ReadSingleLittleEndian(bytes[(4 * i)..]),
                _ => bytes[i],
            };
        }

        int bad = FirstNotFinite(values);
        if (bad >= 0)
        {
            throw new ModelFormatException(file, $"{what} holds {values[bad]} at value {bad:N0}, expected finite numbers; make it anew or leave it out");
        }
    }

    /// <summary>Turns values into what a file stores.</summary>
    /// <param name="type">F16, F32 or U8.</param>
    /// <param name="values">Finite, and within the range of the type.</param>
    /// <exception cref="ArgumentException">One is not.</exception>
    public static byte[] Encode(ElementType type, ReadOnlySpan<float> values)
    {
        byte[] bytes = new byte[Bytes(type, values.Length)];
        for (int i = 0; i < values.Length; i++)
        {
            float value = values[i];
            bool fits = type switch
            {
                ElementType.F16 => Half.IsFinite((Half)value),
                ElementType.F32 => float.IsFinite(value),
                _ => value is >= 0 and <= 255,
            };
            if (!fits)
            {
                throw new ArgumentException($"value {i:N0} of a clip is {value}, which {type.SafetensorsName()} cannot hold; {(type == ElementType.F16 ? "write F32, or look what made it so large" : "look what made it")}.", nameof(values));
            }

            Store(type, bytes, i, value);
        }

        return bytes;
    }

    private static void Store(ElementType type, Span<byte> bytes, int i, float value)
    {
        switch (type)
        {
            case ElementType.F16:
                BinaryPrimitives.WriteHalfLittleEndian(bytes[(2 * i)..], (Half)value);
                break;
            case ElementType.F32:
                BinaryPrimitives.WriteSingleLittleEndian(bytes[(4 * i)..], value);
                break;
            default:
                bytes[i] = (byte)MathF.Round(value);
                break;
        }
    }

    // The exponent of what is not finite is all ones.
    private static int FirstNotFinite(ReadOnlySpan<float> values)
    {
        ReadOnlySpan<uint> bits = MemoryMarshal.Cast<float, uint>(values);
        for (int i = 0; i < bits.Length; i++)
        {
            if ((bits[i] & 0x7F800000) == 0x7F800000)
            {
                return i;
            }
        }

        return -1;
    }
}
