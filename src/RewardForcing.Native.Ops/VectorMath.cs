using System.Numerics;
using System.Runtime.CompilerServices;

namespace RewardForcing.Native.Ops;

/// <summary>Exponential, hyperbolic tangent and the activations built on them, lane by lane, to about two units in the last place.</summary>
/// <remarks>Polynomials are Chebyshev fits made for these ranges; the exponential's is the Taylor series. No tables, no branches.</remarks>
internal static class VectorMath
{
    private const float Log2E = 1.44269504f;

    // ln 2 in two parts; the first has so few bits that its product with an exponent is exact.
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    /// <summary><c>e^x</c>; 0 below -104, infinity above 88.7, NaN for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Exp(Vector<float> x)
    {
        Vector<float> bounded = Vector.Min(Vector.Max(x, new Vector<float>(-104f)), new Vector<float>(89f));
        Vector<float> power = Vector.Round(bounded * new Vector<float>(Log2E));
        Vector<float> r = Vector.MultiplyAddEstimate(power, new Vector<float>(-Ln2High), bounded);
        r = Vector.MultiplyAddEstimate(power, new Vector<float>(-Ln2Low), r);
        Vector<float> p = new(1f / 5040);
        p = Vector.MultiplyAddEstimate(p, r, new Vector<float>(1f / 720));
        p = Vector.MultiplyAddEstimate(p, r, new Vector<float>(1f / 120));
        p = Vector.MultiplyAddEstimate(p, r, new Vector<float>(1f / 24));
        p = Vector.MultiplyAddEstimate(p, r, new Vector<float>(1f / 6));
        p = Vector.MultiplyAddEstimate(p, r, new Vector<float>(0.5f));
        p = Vector.MultiplyAddEstimate(p * r, r, r) + Vector<float>.One;

        // Two factors, each a normal number, reach from the smallest subnormal to infinity.
        Vector<int> exponent = Vector.ConvertToInt32Native(power);
        Vector<int> half = Vector.ShiftRightArithmetic(exponent, 1);
        return p * PowerOfTwo(half) * PowerOfTwo(exponent - half);
    }

    /// <summary><c>tanh x</c>: an odd polynomial near zero, where the quotient would cancel, and <c>1 - 2 / (1 + e^2|x|)</c> elsewhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Tanh(Vector<float> x)
    {
        Vector<float> w = x * x;
        Vector<float> p = new(2.27260602e-3f);
        p = Vector.MultiplyAddEstimate(p, w, new Vector<float>(-8.3262935e-3f));
        p = Vector.MultiplyAddEstimate(p, w, new Vector<float>(2.17635902e-2f));
        p = Vector.MultiplyAddEstimate(p, w, new Vector<float>(-5.39586166e-2f));
        p = Vector.MultiplyAddEstimate(p, w, new Vector<float>(1.33333009e-1f));
        p = Vector.MultiplyAddEstimate(p, w, new Vector<float>(-3.33333332e-1f));
        Vector<float> small = Vector.MultiplyAddEstimate(p * w, x, x);
        Vector<float> magnitude = Vector.Abs(x);
        Vector<float> large = Vector<float>.One - (new Vector<float>(2f) / (Vector<float>.One + Exp(magnitude + magnitude)));
        return Vector.ConditionalSelect(Vector.LessThan(magnitude, new Vector<float>(0.625f)), small, Vector.CopySign(large, x));
    }

    /// <summary><c>x / (1 + e^-x)</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Silu(Vector<float> x) => x / (Vector<float>.One + Exp(-x));

    /// <summary><c>0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x³)))</c>.</summary>
    /// <remarks>
    /// <c>x / (1 + e^-2u)</c> would be closer for very negative x, where <c>1 + tanh</c> cancels; but it is with the cancellation that the
    /// networks were trained in bfloat16, and there the two differ by more than the last place.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> GeluTanh(Vector<float> x)
    {
        Vector<float> inner = Vector.MultiplyAddEstimate(x * x * x, new Vector<float>(0.044715f), x);
        return x * new Vector<float>(0.5f) * (Vector<float>.One + Tanh(inner * new Vector<float>(0.7978845608028654f)));
    }

    /// <summary><c>0.5 x (1 + erf(x / sqrt(2)))</c>, written as <c>max(x, 0) - |x| erfc(|x| / sqrt(2)) / 2</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> GeluErf(Vector<float> x) => Vector.Max(x, Vector<float>.Zero) - (Vector.Min(Vector.Abs(x), new Vector<float>(15f)) * UpperTail(x));

    /// <summary>Derivative of <see cref="Silu"/>: <c>s (1 + x (1 - s))</c> with <c>s = 1 / (1 + e^-x)</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> SiluSlope(Vector<float> x)
    {
        // Where e^-x is infinite, s is zero and so is the slope; x has to stay finite for that.
        Vector<float> bounded = Vector.Max(x, new Vector<float>(-100f));
        Vector<float> s = Vector<float>.One / (Vector<float>.One + Exp(-bounded));
        return s * (Vector<float>.One + (bounded * (Vector<float>.One - s)));
    }

    /// <summary>Derivative of <see cref="GeluTanh"/>: <c>(1 + t) / 2 + x (1 - t²) u' / 2</c>, <c>t = tanh u</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> GeluTanhSlope(Vector<float> x)
    {
        // Beyond 15 t is 1 and the slope 0 or 1; the square must not overflow.
        Vector<float> bounded = Vector.Min(Vector.Max(x, new Vector<float>(-15f)), new Vector<float>(15f));
        Vector<float> square = bounded * bounded;
        Vector<float> inner = Vector.MultiplyAddEstimate(square * bounded, new Vector<float>(0.044715f), bounded) * new Vector<float>(0.7978845608028654f);
        Vector<float> slope = Vector.MultiplyAddEstimate(square, new Vector<float>(3 * 0.044715f * 0.7978845608028654f), new Vector<float>(0.7978845608028654f));
        Vector<float> t = Tanh(inner);
        return new Vector<float>(0.5f) * (Vector<float>.One + t + (bounded * (Vector<float>.One - (t * t)) * slope));
    }

    /// <summary>Derivative of <see cref="GeluErf"/>: <c>Φ(x) + x φ(x)</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> GeluErfSlope(Vector<float> x)
    {
        Vector<float> tail = UpperTail(x);
        Vector<float> below = Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), tail, Vector<float>.One - tail);
        Vector<float> bounded = Vector.Min(Vector.Max(x, new Vector<float>(-15f)), new Vector<float>(15f));
        return below + (bounded * Exp(bounded * bounded * new Vector<float>(-0.5f)) * new Vector<float>(0.39894228f));
    }

    // 1 - Φ(|x|), a half of erfc(|x| / sqrt(2)).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> UpperTail(Vector<float> x)
    {
        // erfc(z) = e^-z² g(q) / (1 + z) with q = (z - 2) / (z + 2), g a polynomial. Beyond 15 the tail is zero.
        Vector<float> magnitude = Vector.Min(Vector.Abs(x), new Vector<float>(15f));
        Vector<float> z = magnitude * new Vector<float>(0.70710678f);
        Vector<float> q = (z - new Vector<float>(2f)) / (z + new Vector<float>(2f));
        Vector<float> g = new(-1.24245767e-5f);
        g = Vector.MultiplyAddEstimate(g, q, new Vector<float>(2.20080832e-5f));
        g = Vector.MultiplyAddEstimate(g, q, new Vector<float>(1.18982389e-4f));
        g = Vector.MultiplyAddEstimate(g, q, new Vector<float>(-9.73391233e-5f));
        g = Vector.MultiplyAddEstimate(g, q, new Vector<float>(-7.0675707e-4f));
        g = Vector.MultiplyAddEstimate(g, q, new Vector<float>(1.2112343e-4f));
        g = Vector.MultiplyAddEstimate(g, q, new Vector<float>(3.93756767e-3f));
        g = Vector.MultiplyAddEstimate(g, q, new Vector<float>(-5.11751096e-4f));
        g = Vector.MultiplyAddEstimate(g, q, new Vector<float>(-2.52434996e-2f));
        g = Vector.MultiplyAddEstimate(g, q, new Vector<float>(4.25355619e-2f));
        g = Vector.MultiplyAddEstimate(g, q, new Vector<float>(3.78138939e-2f));
        g = Vector.MultiplyAddEstimate(g, q, new Vector<float>(-2.5997481e-1f));
        g = Vector.MultiplyAddEstimate(g, q, new Vector<float>(7.66187029e-1f));
        return Exp(magnitude * magnitude * new Vector<float>(-0.5f)) * g / (Vector<float>.One + z) * new Vector<float>(0.5f);
    }

    private static Vector<float> PowerOfTwo(Vector<int> exponent) => Vector.AsVectorSingle(Vector.ShiftLeft(exponent + new Vector<int>(127), 23));
}
