using System.Numerics;
using System.Runtime.CompilerServices;

namespace RewardForcing.Native.Ops;

/// <summary>The derivative of an <see cref="Activation"/>, applied to gradients.</summary>
internal static class ActivationDerivatives
{
    /// <summary>Computes <c>grad = grad * function'(x)</c> in place.</summary>
    /// <param name="function">The function.</param>
    /// <param name="x">What it was applied to.</param>
    /// <param name="grad">Gradient of its result; becomes that of <paramref name="x"/>.</param>
    public static void Multiply(Activation function, ReadOnlySpan<float> x, Span<float> grad)
    {
        switch (function)
        {
            case Activation.None:
                break;
            case Activation.GeluTanh:
                Map<GeluTanhSlope>(x, grad);
                break;
            case Activation.GeluErf:
                Map<GeluErfSlope>(x, grad);
                break;
            case Activation.Silu:
                Map<SiluSlope>(x, grad);
                break;
            case Activation.Relu:
                Map<ReluSlope>(x, grad);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(function), function, "activation: not a known function.");
        }
    }

    private static void Map<TSlope>(ReadOnlySpan<float> x, Span<float> grad)
        where TSlope : struct, ISlope
    {
        for (int i = 0; i < x.Length; i += Lanes.Width)
        {
            Lanes.Store(Lanes.Load(grad, i) * TSlope.At(Lanes.Load(x, i)), grad, i);
        }
    }

    private interface ISlope
    {
        static abstract Vector<float> At(Vector<float> x);
    }

    // With s = 1 / (1 + e^-x): s (1 + x (1 - s)), where 1 - s is computed as 1 / (1 + e^x), so that nothing cancels.
    private readonly struct SiluSlope : ISlope
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector<float> At(Vector<float> x)
        {
            Vector<float> s = Vector<float>.One / (Vector<float>.One + VectorMath.Exp(-x));
            Vector<float> rest = Vector<float>.One / (Vector<float>.One + VectorMath.Exp(x));
            return s * Vector.MultiplyAddEstimate(x, rest, Vector<float>.One);
        }
    }

    // With u = sqrt(2/pi) (x + 0.044715 x³) and t = tanh u: 0.5 (1 + t) + 0.5 x (1 - t²) u'.
    private readonly struct GeluTanhSlope : ISlope
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector<float> At(Vector<float> x)
        {
            Vector<float> half = new(0.5f), scale = new(0.7978845608028654f), square = x * x;
            Vector<float> t = VectorMath.Tanh(Vector.MultiplyAddEstimate(square * x, new Vector<float>(0.044715f), x) * scale);
            Vector<float> slope = Vector.MultiplyAddEstimate(square, new Vector<float>(3 * 0.044715f), Vector<float>.One) * scale;
            return half * (Vector<float>.One + t + (x * (Vector<float>.One - (t * t)) * slope));
        }
    }

    // Phi(x) + x phi(x). Far out, where phi is zero in float, so is the second term.
    private readonly struct GeluErfSlope : ISlope
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector<float> At(Vector<float> x)
        {
            Vector<float> far = new(15f), bounded = Vector.Min(Vector.Max(x, -far), far), tiny = new(1e-3f);

            // Phi(x) = gelu(x) / x, and near zero 1/2 + x / sqrt(2 pi).
            Vector<float> near = Vector.LessThan(Vector.Abs(bounded), tiny).As<int, float>();
            Vector<float> divisor = Vector.ConditionalSelect(near, Vector<float>.One, bounded);
            Vector<float> cumulative = Vector.ConditionalSelect(
                near, Vector.MultiplyAddEstimate(bounded, new Vector<float>(0.3989422804f), new Vector<float>(0.5f)), VectorMath.GeluErf(bounded) / divisor);
            Vector<float> density = VectorMath.Exp(bounded * bounded * new Vector<float>(-0.5f)) * new Vector<float>(0.3989422804f);
            return Vector.MultiplyAddEstimate(bounded, density, cumulative);
        }
    }

    private readonly struct ReluSlope : ISlope
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector<float> At(Vector<float> x) => Vector.ConditionalSelect(Vector.GreaterThan(x, Vector<float>.Zero), Vector<float>.One, Vector<float>.Zero);
    }
}
