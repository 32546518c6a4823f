namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Operations that do not round to nearest: the exact result is compared with the nearest value, which is moved to its neighbour where needed.</summary>
internal static class DirectedRounding
{
    /// <summary><c>a * b + c</c>; with c = -0 a product, with b = 1 a sum.</summary>
    public static float FusedMultiplyAdd(float a, float b, float c, Rounding rounding)
    {
        double product = (double)a * b; // exact
        double sum = product + c;
        if (!double.IsFinite(sum))
        {
            return Canonical((float)sum);
        }

        if (sum == 0)
        {
            // An exact zero from terms of opposite signs is negative when rounding down only.
            return product == 0 && c == 0 && double.IsNegative(product) == float.IsNegative(c) ? (float)sum : rounding == Rounding.Down ? -0f : 0f;
        }

        // sum + error is exact (Knuth's two-sum).
        double back = sum - product;
        double error = (product - (sum - back)) + (c - back);
        var nearest = (float)sum;
        double difference = sum - nearest;
        return Step(nearest, difference != 0 ? difference : error, rounding);
    }

    /// <summary><c>a / b</c>.</summary>
    public static float Divide(float a, float b, Rounding rounding)
    {
        float nearest = a / b;
        if (!float.IsFinite(nearest) && !(float.IsInfinity(nearest) && float.IsFinite(a) && b != 0))
        {
            return Canonical(nearest);
        }

        if (float.IsInfinity(nearest))
        {
            return Step(nearest, nearest > 0 ? -1 : 1, rounding);
        }

        double remainder = Math.FusedMultiplyAdd(-(double)nearest, b, a);
        return Step(nearest, b > 0 ? remainder : -remainder, rounding);
    }

    /// <summary>Square root.</summary>
    public static float SquareRoot(float a, Rounding rounding)
    {
        float nearest = MathF.Sqrt(a);
        return float.IsFinite(nearest) ? Step(nearest, Math.FusedMultiplyAdd(-(double)nearest, nearest, a), rounding) : Canonical(nearest);
    }

    private static float Step(float nearest, double difference, Rounding rounding)
    {
        if (rounding == Rounding.Zero)
        {
            rounding = nearest > 0 ? Rounding.Down : nearest < 0 ? Rounding.Up : difference > 0 ? Rounding.Down : Rounding.Up;
        }

        return rounding switch
        {
            Rounding.Down when difference < 0 => MathF.BitDecrement(nearest),
            Rounding.Up when difference > 0 => MathF.BitIncrement(nearest),
            _ => nearest,
        };
    }

    private static float Canonical(float value) => float.IsNaN(value) ? BitConverter.UInt32BitsToSingle(0x7FFFFFFF) : value;
}
