using System.Globalization;
using RewardForcing.Native.KernelLab.Conformance.Making;

namespace RewardForcing.Native.KernelLab.Conformance;

/// <summary>How near a result must be to what the PTX ISA defines.</summary>
/// <param name="Type">PTX type of the result.</param>
/// <param name="Relative">Largest relative error where the ISA gives a bound; 0 where bits are defined.</param>
/// <param name="Absolute">Largest absolute error, likewise.</param>
/// <remarks>With a bound, the expected values are binary64, or binary32 where the bound is far wider than its rounding. Where a result is not a number, any of those is taken: payloads are not defined.</remarks>
internal sealed record ResultRule(string Type, double Relative = 0, double Absolute = 0)
{
    /// <summary>Whether bits are compared.</summary>
    public bool IsExact => Relative == 0 && Absolute == 0;

    private FloatShape? Shape => ShapeOf(Type);

    /// <summary>The format of a floating-point type, or null.</summary>
    public static FloatShape? ShapeOf(string type) => type switch
    {
        "f16" => FloatShape.F16,
        "bf16" => FloatShape.BF16,
        "f32" => FloatShape.F32,
        "f64" => FloatShape.F64,
        "e4m3" => FloatShape.E4M3,
        "e5m2" => FloatShape.E5M2,
        _ => null,
    };

    /// <summary>What is wrong with a result, or null.</summary>
    /// <param name="wantedType">Type of the expected value.</param>
    /// <param name="wanted">Expected bits.</param>
    /// <param name="got">Bits of the result.</param>
    public string? Judge(string wantedType, ulong wanted, ulong got)
    {
        if (IsExact)
        {
            return wanted == got || (Shape is { } shape && shape.IsNotANumber(wanted) && shape.IsNotANumber(got)) ? null : $"expected {Hex(wanted)}, got {Hex(got)}";
        }

        double reference = Value(ShapeOf(wantedType)!, wanted), value = Value(Shape!, got);
        bool near = double.IsNaN(reference) || double.IsNaN(value) ? double.IsNaN(reference) && double.IsNaN(value)
            : double.IsInfinity(reference) || double.IsInfinity(value) ? reference.Equals(value)
            : Math.Abs(value - reference) <= Absolute + (Relative * Math.Abs(reference));
        return near ? null : string.Create(CultureInfo.InvariantCulture, $"expected {reference:R} within {Relative:R} of it and {Absolute:R}, got {value:R}");
    }

    private static double Value(FloatShape shape, ulong bits) => BitConverter.UInt64BitsToDouble(FloatShape.F64.Encode(shape.Decode(bits)));

    private string Hex(ulong bits) => bits.ToString("x" + (2 * ValueSet.WidthOf(Type)), CultureInfo.InvariantCulture);
}
