using System.Diagnostics.CodeAnalysis;

namespace RewardForcing.Native.Formats;

/// <summary>Sizes and names of element types.</summary>
public static class ElementTypes
{
    /// <summary>Bits one element takes.</summary>
    /// <param name="type">The type.</param>
    public static int Bits(this ElementType type) => type switch
    {
        ElementType.F64 or ElementType.I64 or ElementType.U64 => 64,
        ElementType.F32 or ElementType.I32 or ElementType.U32 => 32,
        ElementType.F16 or ElementType.BF16 or ElementType.I16 or ElementType.U16 => 16,
        ElementType.F6E2M3 or ElementType.F6E3M2 => 6,
        ElementType.F4 => 4,
        _ => 8,
    };

    /// <summary>The name that safetensors files use, such as <c>F8_E4M3</c>.</summary>
    /// <param name="type">The type.</param>
    public static string SafetensorsName(this ElementType type) => type switch
    {
        ElementType.F8E4M3 => "F8_E4M3",
        ElementType.F8E5M2 => "F8_E5M2",
        ElementType.F8E8M0 => "F8_E8M0",
        ElementType.F6E2M3 => "F6_E2M3",
        ElementType.F6E3M2 => "F6_E3M2",
        ElementType.Bool => "BOOL",
        _ => type.ToString(),
    };

    /// <summary>Bytes an address must be a multiple of to read elements in place.</summary>
    internal static int Alignment(this ElementType type) => Math.Max(1, type.Bits() / 8);

    /// <summary>Bytes of a whole tensor.</summary>
    /// <returns>Null if a number overflows 63 bits, or if the elements do not fill whole bytes.</returns>
    internal static long? Bytes(this ElementType type, ReadOnlySpan<long> shape)
    {
        if (shape.Contains(0))
        {
            return 0;
        }

        UInt128 bits = (UInt128)type.Bits();
        foreach (long extent in shape)
        {
            bits *= (UInt128)extent;
            if (bits > long.MaxValue)
            {
                return null;
            }
        }

        return bits % 8 == 0 ? (long)(bits / 8) : null;
    }

    /// <summary>The type of a name in a safetensors header.</summary>
    internal static bool TryParseSafetensors(string name, [NotNullWhen(true)] out ElementType? type)
    {
        type = name switch
        {
            "F64" => ElementType.F64,
            "F32" => ElementType.F32,
            "F16" => ElementType.F16,
            "BF16" => ElementType.BF16,
            "F8_E4M3" => ElementType.F8E4M3,
            "F8_E5M2" => ElementType.F8E5M2,
            "F8_E8M0" => ElementType.F8E8M0,
            "F6_E2M3" => ElementType.F6E2M3,
            "F6_E3M2" => ElementType.F6E3M2,
            "F4" => ElementType.F4,
            "I64" => ElementType.I64,
            "I32" => ElementType.I32,
            "I16" => ElementType.I16,
            "I8" => ElementType.I8,
            "U64" => ElementType.U64,
            "U32" => ElementType.U32,
            "U16" => ElementType.U16,
            "U8" => ElementType.U8,
            "BOOL" => ElementType.Bool,
            _ => null,
        };
        return type is not null;
    }
}
