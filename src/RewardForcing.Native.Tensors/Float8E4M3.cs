using System.Globalization;

namespace RewardForcing.Native.Tensors;

/// <summary>8-bit float with 4 exponent bits (bias 7) and 3 fraction bits: OCP <c>e4m3fn</c>, largest value 448, no infinities.</summary>
public readonly struct Float8E4M3 : IEquatable<Float8E4M3>
{
    /// <summary>The largest finite value.</summary>
    public const float MaxValue = 448;

    private static readonly float[] Values = BuildValues();

    private Float8E4M3(byte bits) => Bits = bits;

    /// <summary>The stored 8 bits.</summary>
    public byte Bits { get; }

    /// <summary>Interprets 8 bits as a number.</summary>
    public static Float8E4M3 FromBits(byte bits) => new(bits);

    /// <summary>Rounds to nearest, ties to even; values beyond the range saturate to ±448, as checkpoints expect; NaN stays NaN.</summary>
    public static explicit operator Float8E4M3(float value)
    {
        byte sign = (byte)(float.IsNegative(value) ? 0x80 : 0);
        if (float.IsNaN(value))
        {
            return new Float8E4M3((byte)(sign | 0x7F));
        }

        float magnitude = MathF.Abs(value);
        if (magnitude >= MaxValue)
        {
            return new Float8E4M3((byte)(sign | 0x7E));
        }

        // One unit in the last place at this magnitude; below 2^-6 the spacing stays 2^-9 (subnormals).
        int exponent = magnitude < 0.015625f ? -6 : MathF.ILogB(magnitude);
        float unit = MathF.ScaleB(1, exponent - 3);
        int steps = (int)MathF.Round(magnitude / unit, MidpointRounding.ToEven);
        int bits = magnitude < 0.015625f ? steps : ((exponent + 7) << 3) + (steps - 8);
        return new Float8E4M3((byte)(sign | bits));
    }

    /// <summary>Widens without loss.</summary>
    public static implicit operator float(Float8E4M3 value) => Values[value.Bits];

    /// <inheritdoc/>
    public bool Equals(Float8E4M3 other) => Bits == other.Bits;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Float8E4M3 other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Bits;

    /// <summary>Compares bits.</summary>
    public static bool operator ==(Float8E4M3 left, Float8E4M3 right) => left.Bits == right.Bits;

    /// <summary>Compares bits.</summary>
    public static bool operator !=(Float8E4M3 left, Float8E4M3 right) => left.Bits != right.Bits;

    /// <inheritdoc/>
    public override string ToString() => ((float)this).ToString(CultureInfo.InvariantCulture);

    private static float[] BuildValues()
    {
        var values = new float[256];
        for (int bits = 0; bits < 256; bits++)
        {
            int exponent = (bits >> 3) & 15, fraction = bits & 7;
            float magnitude = (exponent, fraction) switch
            {
                (15, 7) => float.NaN,
                (0, _) => fraction * MathF.ScaleB(1, -9),
                _ => (8 + fraction) * MathF.ScaleB(1, exponent - 10),
            };
            values[bits] = bits < 128 ? magnitude : -magnitude;
        }

        return values;
    }
}
