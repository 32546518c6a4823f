using System.Numerics;
using RewardForcing.Native.Ops;

namespace RewardForcing.Native.Testing.Cases;

/// <summary>The functions of <see cref="Activation"/>, written plainly.</summary>
public static class ActivationFormula
{
    /// <summary>The value of a function.</summary>
    public static T Of<T>(Activation function, T x)
        where T : IFloatingPointIeee754<T>
    {
        T half = T.CreateChecked(0.5);
        return function switch
        {
            Activation.None => x,
            Activation.GeluTanh => half * x * (T.One + T.Tanh(T.CreateChecked(Math.Sqrt(2 / Math.PI)) * (x + (T.CreateChecked(0.044715) * x * x * x)))),
            Activation.GeluErf => half * x * (T.One + Erf(x / T.CreateChecked(Math.Sqrt(2)))),
            Activation.Silu => x / (T.One + T.Exp(-x)),
            Activation.Relu => T.Max(x, T.Zero),
            _ => throw new ArgumentOutOfRangeException(nameof(function), function, "activation: no formula is known."),
        };
    }

    // erf z = 2/sqrt(pi) z e^-z² sum_n (2 z²)^n / (1 · 3 · ... · (2n + 1)): no term cancels another.
    private static T Erf<T>(T z)
        where T : IFloatingPointIeee754<T>
    {
        T square = z * z;
        (T term, T sum) = (T.One, T.One);
        for (int n = 1; n < 400 && T.IsNormal(term); n++)
        {
            term *= (square + square) / T.CreateChecked((2 * n) + 1);
            sum += term;
        }

        return T.CreateChecked(2 / Math.Sqrt(Math.PI)) * z * T.Exp(-square) * sum;
    }
}
