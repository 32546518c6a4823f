using System.Numerics;
using System.Runtime.CompilerServices;

namespace RewardForcing.Native.Ops;

/// <summary>Applies an <see cref="Activation"/> to floats; the last step of linear maps and norms.</summary>
internal static class Activations
{
    /// <summary>Writes <c>function(x)</c> to <paramref name="y"/>, which may be <paramref name="x"/> itself.</summary>
    public static void Apply(Activation function, ReadOnlySpan<float> x, Span<float> y)
    {
        switch (function)
        {
            case Activation.None:
                x.CopyTo(y);
                break;
            case Activation.GeluTanh:
                Map<GeluTanhOf>(x, y);
                break;
            case Activation.GeluErf:
                Map<GeluErfOf>(x, y);
                break;
            case Activation.Silu:
                Map<SiluOf>(x, y);
                break;
            case Activation.Relu:
                Map<ReluOf>(x, y);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(function), function, "activation: not a known function.");
        }
    }

    /// <summary>Computes <c>grad = grad * function'(x)</c> in place.</summary>
    public static void MultiplyBySlope(Activation function, ReadOnlySpan<float> x, Span<float> grad)
    {
        switch (function)
        {
            case Activation.None:
                break;
            case Activation.GeluTanh:
                Slope<GeluTanhSlope>(x, grad);
                break;
            case Activation.GeluErf:
                Slope<GeluErfSlope>(x, grad);
                break;
            case Activation.Silu:
                Slope<SiluSlope>(x, grad);
                break;
            case Activation.Relu:
                Slope<ReluSlope>(x, grad);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(function), function, "activation: not a known function.");
        }
    }

    private static void Slope<TFunction>(ReadOnlySpan<float> x, Span<float> grad)
        where TFunction : struct, IFunction
    {
        for (int i = 0; i < x.Length; i += Lanes.Width)
        {
            Lanes.Store(Lanes.Load(grad, i) * TFunction.Of(Lanes.Load(x, i)), grad, i);
        }
    }

    private static void Map<TFunction>(ReadOnlySpan<float> x, Span<float> y)
        where TFunction : struct, IFunction
    {
        for (int i = 0; i < x.Length; i += Lanes.Width)
        {
            Lanes.Store(TFunction.Of(Lanes.Load(x, i)), y, i);
        }
    }

    private interface IFunction
    {
        static abstract Vector<float> Of(Vector<float> x);
    }

    private readonly struct GeluTanhOf : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector<float> Of(Vector<float> x) => VectorMath.GeluTanh(x);
    }

    private readonly struct GeluErfOf : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector<float> Of(Vector<float> x) => VectorMath.GeluErf(x);
    }

    private readonly struct SiluOf : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector<float> Of(Vector<float> x) => VectorMath.Silu(x);
    }

    private readonly struct ReluOf : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector<float> Of(Vector<float> x) => Vector.Max(x, Vector<float>.Zero);
    }

    private readonly struct GeluTanhSlope : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector<float> Of(Vector<float> x) => VectorMath.GeluTanhSlope(x);
    }

    private readonly struct GeluErfSlope : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector<float> Of(Vector<float> x) => VectorMath.GeluErfSlope(x);
    }

    private readonly struct SiluSlope : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector<float> Of(Vector<float> x) => VectorMath.SiluSlope(x);
    }

    private readonly struct ReluSlope : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector<float> Of(Vector<float> x) => Vector.ConditionalSelect(Vector.GreaterThan(x, Vector<float>.Zero), Vector<float>.One, Vector<float>.Zero);
    }
}
