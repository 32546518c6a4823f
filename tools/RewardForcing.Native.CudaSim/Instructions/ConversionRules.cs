using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>How a <c>cvt</c> rounds, and the function of bits it stands for (PTX ISA, "cvt").</summary>
internal sealed class ConversionRules
{
    private readonly bool _rounds;

    public ConversionRules(Modifiers m)
    {
        string? direction = m.OneOf("rn", "rz", "rm", "rp", "rna", "rni", "rzi", "rmi", "rpi");
        Rounding = direction switch
        {
            "rz" or "rzi" => Rounding.Zero,
            "rm" or "rmi" => Rounding.Down,
            "rp" or "rpi" => Rounding.Up,
            "rna" => Rounding.NearestAway,
            _ => Rounding.NearestEven,
        };
        ToWhole = direction?.EndsWith('i') ?? false;
        _rounds = direction is not null;
        Flush = m.Take("ftz");
        SaturateFinite = m.Take("satfinite");
        Saturate = m.Take("sat");
        Relu = m.Take("relu");
    }

    public Rounding Rounding { get; }

    /// <summary>Whether the result is a whole number.</summary>
    public bool ToWhole { get; }

    /// <summary>Whether subnormal values count as zero.</summary>
    public bool Flush { get; }

    /// <summary>Whether a float result is clamped to 0 to 1 and an integer one to its range.</summary>
    public bool Saturate { get; }

    /// <summary>Whether infinities become the largest finite value.</summary>
    public bool SaturateFinite { get; }

    /// <summary>Whether negative results become zero.</summary>
    public bool Relu { get; }

    /// <summary>The function from the bits of one type to those of another.</summary>
    public Func<ulong, ulong> Function(PtxType from, PtxType to)
    {
        if (from.IsInteger && to.IsInteger)
        {
            return bits => Clamp(Whole(bits, from), to);
        }

        if (from.IsInteger)
        {
            Func<double, ulong> encode = Encoder(to);
            return to is { Kind: PtxKind.Float, Bytes: 8 } ? bits => encode(RoundToDouble(Whole(bits, from))) : bits => encode(RoundToOdd(Whole(bits, from)));
        }

        Func<ulong, double> decode = Decoder(from);
        if (to.IsInteger)
        {
            if (!_rounds)
            {
                throw new UnknownFormException($"a rounding is missing from .{from} to .{to}");
            }

            return bits => ToInteger(decode(bits), from, to);
        }

        Func<double, ulong> pack = Encoder(to);
        return bits =>
        {
            double value = decode(bits);
            return pack(ToWhole && double.IsFinite(value) ? Integral(value) : value);
        };
    }

    /// <summary>The function from two 8-bit floats to two binary16.</summary>
    public Func<ulong, ulong> UnpackEight(PtxType from, PtxType to)
    {
        if (from.Packed != 2 || from.Bytes != 2 || to is not { Kind: PtxKind.Float, Bytes: 4 })
        {
            // the other way: two binary16 to two 8-bit floats
            if (from is not { Kind: PtxKind.Float, Bytes: 4, Packed: 2 } || to.Bytes != 2)
            {
                throw new UnknownFormException($"from .{from} to .{to}");
            }

            Func<double, ulong> encode = Encoder(new PtxType(to.Kind, 1));
            return bits => encode(FloatFormat.Binary16.Decode((ushort)bits)) | (encode(FloatFormat.Binary16.Decode((ushort)(bits >> 16))) << 8);
        }

        FloatFormat eight = from.Kind == PtxKind.E4M3 ? FloatFormat.E4M3 : FloatFormat.E5M2;
        return bits => Half((byte)bits) | (Half((byte)(bits >> 8)) << 16);

        ulong Half(byte value)
        {
            double decoded = eight.Decode(value);
            return FloatFormat.Binary16.Encode(Relu && decoded < 0 ? 0 : decoded, Rounding.NearestEven);
        }
    }

    private static Int128 Whole(ulong bits, PtxType type)
    {
        int unused = 64 - (8 * type.Bytes);
        return type.IsSigned ? (long)(bits << unused) >> unused : (Int128)(bits << unused >> unused);
    }

    private ulong Clamp(Int128 value, PtxType to)
    {
        if (Saturate)
        {
            Int128 least = to.IsSigned ? -(Int128.One << ((8 * to.Bytes) - 1)) : 0;
            Int128 most = (Int128.One << ((8 * to.Bytes) - (to.IsSigned ? 1 : 0))) - 1;
            value = Int128.Clamp(value, least, most);
        }

        return (ulong)(UInt128)value & (to.Bytes == 8 ? ulong.MaxValue : (1UL << (8 * to.Bytes)) - 1);
    }

    // 64-bit integers do not fit a double: one that is cut keeps a trace of what was cut, so that the second rounding is right.
    private static double RoundToOdd(Int128 value)
    {
        bool negative = value < 0;
        var magnitude = (ulong)(negative ? -value : value);
        double result = magnitude < 1UL << 53 ? magnitude : ((magnitude >> 11) | ((magnitude & 0x7FF) != 0 ? 1UL : 0)) * 2048.0;
        return negative ? -result : result;
    }

    private double RoundToDouble(Int128 value)
    {
        double nearest = value < 0 ? -(double)(ulong)-value : (double)(ulong)value;
        int beyond = ((Int128)nearest).CompareTo(value);
        return Rounding switch
        {
            Rounding.Down when beyond > 0 => Math.BitDecrement(nearest),
            Rounding.Up when beyond < 0 => Math.BitIncrement(nearest),
            Rounding.Zero when (value < 0 ? -beyond : beyond) > 0 => value < 0 ? Math.BitIncrement(nearest) : Math.BitDecrement(nearest),
            _ => nearest,
        };
    }

    private Func<ulong, double> Decoder(PtxType type) => (type.Kind, type.Bytes) switch
    {
        (PtxKind.Float, 8) => BitConverter.UInt64BitsToDouble,
        (PtxKind.Float, 4) => bits => Flushed(BitConverter.UInt32BitsToSingle((uint)bits)),
        (PtxKind.Float, 2) => bits => FloatFormat.Binary16.Decode((ushort)bits),
        (PtxKind.BFloat, 2) => bits => BitConverter.UInt32BitsToSingle((uint)bits << 16),
        (PtxKind.Tf32, 4) => bits => BitConverter.UInt32BitsToSingle((uint)bits),
        _ => throw new UnknownFormException($"from .{type}"),
    };

    private Func<double, ulong> Encoder(PtxType type)
    {
        Func<double, ulong> encode = (type.Kind, type.Bytes) switch
        {
            (PtxKind.Float, 8) => BitConverter.DoubleToUInt64Bits,
            (PtxKind.Float, 4) => value => FlushedBits(FloatFormat.Binary32.Encode(value, Rounding)),
            (PtxKind.Float, 2) => value => FloatFormat.Binary16.Encode(value, Rounding, SaturateFinite),
            (PtxKind.BFloat, 2) => value => FloatFormat.BFloat16.Encode(value, Rounding, SaturateFinite),
            (PtxKind.E4M3, 1) => value => FloatFormat.E4M3.Encode(value, Rounding, SaturateFinite),
            (PtxKind.E5M2, 1) => value => FloatFormat.E5M2.Encode(value, Rounding, SaturateFinite),
            (PtxKind.Tf32, 4) => Tf32,
            _ => throw new UnknownFormException($"to .{type}"),
        };
        if (Relu)
        {
            return value => encode(value < 0 || (value == 0 && double.IsNegative(value)) ? 0 : value);
        }

        return Saturate ? value => encode(value > 0 ? Math.Min(value, 1) : 0) : encode;
    }

    private ulong Tf32(double value)
    {
        if (!double.IsFinite(value))
        {
            return FloatFormat.Binary32.Encode(value, Rounding);
        }

        var bits = FloatFormat.Binary32.Encode(value, Rounding.Zero);
        var format = new FloatFormat(8, 10, true, 0x3FFFF);
        return (ulong)format.Encode(BitConverter.UInt32BitsToSingle(bits), Rounding) << 13;
    }

    private double Flushed(float value) => Flush && float.IsSubnormal(value) ? MathF.CopySign(0, value) : value;

    private uint FlushedBits(uint bits) => Flush && (bits & 0x7F800000) == 0 ? bits & 0x80000000 : bits;

    private double Integral(double value) => Rounding switch
    {
        Rounding.Zero => Math.Truncate(value),
        Rounding.Down => Math.Floor(value),
        Rounding.Up => Math.Ceiling(value),
        _ => Math.Round(value, MidpointRounding.ToEven),
    };

    // Results are clamped to the range whether or not .sat says so; NaN gives 0, or the top bit where 64 bits are involved.
    private ulong ToInteger(double value, PtxType from, PtxType to)
    {
        if (double.IsNaN(value))
        {
            return from.Bytes == 8 || to.Bytes == 8 ? 1UL << ((8 * to.Bytes) - 1) : 0;
        }

        double whole = double.IsInfinity(value) ? value : Integral(value);
        int bits = 8 * to.Bytes;
        double least = to.IsSigned ? -Math.ScaleB(1, bits - 1) : 0, beyond = Math.ScaleB(1, to.IsSigned ? bits - 1 : bits);
        ulong mask = bits == 64 ? ulong.MaxValue : (1UL << bits) - 1;
        if (whole < least)
        {
            return to.IsSigned ? 1UL << (bits - 1) : 0;
        }

        if (whole >= beyond)
        {
            return to.IsSigned ? mask >> 1 : mask;
        }

        return (whole < 0 ? (ulong)(long)whole : (ulong)whole) & mask;
    }
}
