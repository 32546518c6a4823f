using System.Runtime.CompilerServices;

namespace RewardForcing.Native.Ops;

/// <summary>One step of streaming softmax for a tile of queries: scores of a block of keys become weights, and earlier sums are rescaled.</summary>
/// <remarks>Lanes are queries, so maxima and sums run down the columns and nothing is reduced across a vector.</remarks>
internal static unsafe class AttentionBlock
{
    /// <summary>The score of a key that is not seen, and the maximum before any key. Finite, so that differences are never NaN, and -2^100, so that its product with log2 e is exact.</summary>
    public const float Unseen = -1.2676506e30f;

    private const float Log2E = 1.44269504f;

    /// <summary>Replaces scores by <c>exp(score - maximum)</c>.</summary>
    /// <param name="scores">Scores, <c>[keys, width]</c>.</param>
    /// <param name="keys">Number of keys.</param>
    /// <param name="width">Queries of the tile, a multiple of the vector width.</param>
    /// <param name="maxima">Largest score of each query so far, updated.</param>
    /// <param name="sums">Sum of weights of each query so far, updated.</param>
    /// <param name="output">Weighted values so far, <c>[values, width]</c>, rescaled where a maximum grows.</param>
    /// <param name="values">Width of a head.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Softmax<TSimd, TVector>(float* scores, int keys, int width, float* maxima, float* sums, float* output, int values)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        for (int lane = 0; lane < width; lane += TSimd.Width)
        {
            float* column = scores + lane;
            TVector before = TSimd.Load(maxima + lane);
            TVector now = Largest<TSimd, TVector>(column, keys, width, before);
            TVector sum = Exponentials<TSimd, TVector>(column, keys, width, TSimd.Multiply(now, TSimd.Create(-Log2E)));
            TVector total = TSimd.Load(sums + lane);
            if (!TSimd.AreEqual(before, now))
            {
                // Both products are rounded as they were when the weights were computed, so the factor fits them exactly.
                TVector factor = Exp2<TSimd, TVector>(TSimd.Subtract(TSimd.Multiply(before, TSimd.Create(Log2E)), TSimd.Multiply(now, TSimd.Create(Log2E))));
                total = TSimd.Multiply(total, factor);
                Rescale<TSimd, TVector>(output + lane, values, width, factor);
                TSimd.Store(now, maxima + lane);
            }

            TSimd.Store(TSimd.Add(total, sum), sums + lane);
        }
    }

    /// <summary>Replaces scores by weights <c>P = exp(score - maximum) inverse</c> and adds <c>P slope</c> to the products of each query.</summary>
    /// <param name="scores">Scores, <c>[keys, width]</c>.</param>
    /// <param name="slopes">Products of output gradients and values, <c>[keys, width]</c>.</param>
    /// <param name="keys">Number of keys.</param>
    /// <param name="width">Queries of the tile.</param>
    /// <param name="maxima">Largest score of each query.</param>
    /// <param name="inverses">Inverse sum of <c>exp(score - maximum)</c> of each query; 0 where it sees nothing.</param>
    /// <param name="products">Sums, updated.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Weigh<TSimd, TVector>(float* scores, float* slopes, int keys, int width, float* maxima, float* inverses, float* products)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        TVector scale = TSimd.Create(Log2E);
        for (int lane = 0; lane < width; lane += TSimd.Width)
        {
            TVector shift = TSimd.Multiply(TSimd.Load(maxima + lane), TSimd.Create(-Log2E)), inverse = TSimd.Load(inverses + lane), sum = default;
            for (int key = 0; key < keys; key++)
            {
                float* score = scores + ((nint)key * width) + lane;
                TVector weight = TSimd.Multiply(Exp2<TSimd, TVector>(TSimd.MultiplyAdd(TSimd.Load(score), scale, shift)), inverse);
                TSimd.Store(weight, score);
                sum = TSimd.MultiplyAdd(weight, TSimd.Load(slopes + ((nint)key * width) + lane), sum);
            }

            TSimd.Store(TSimd.Add(TSimd.Load(products + lane), sum), products + lane);
        }
    }

    /// <summary>Replaces slopes by gradients of the scores, <c>P (slope - product)</c>.</summary>
    /// <param name="weights">P, <c>[keys, width]</c>.</param>
    /// <param name="slopes">Products of output gradients and values, <c>[keys, width]</c>.</param>
    /// <param name="keys">Number of keys.</param>
    /// <param name="width">Queries of the tile.</param>
    /// <param name="products">Sum of <c>P slope</c> of each query.</param>
    public static void Differentiate<TSimd, TVector>(float* weights, float* slopes, int keys, int width, float* products)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        for (int lane = 0; lane < width; lane += TSimd.Width)
        {
            TVector product = TSimd.Load(products + lane);
            for (int key = 0; key < keys; key++)
            {
                float* slope = slopes + ((nint)key * width) + lane;
                TSimd.Store(TSimd.Multiply(TSimd.Load(weights + ((nint)key * width) + lane), TSimd.Subtract(TSimd.Load(slope), product)), slope);
            }
        }
    }

    /// <summary>Multiplies column by column: <c>output[d, i] *= factors[i]</c>.</summary>
    public static void Scale<TSimd, TVector>(float* output, int values, int width, float* factors)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        for (int lane = 0; lane < width; lane += TSimd.Width)
        {
            Rescale<TSimd, TVector>(output + lane, values, width, TSimd.Load(factors + lane));
        }
    }

    /// <summary>Adds a bias per key and query: <c>scores[j, i] += bias[i - j]</c>, rounding before and after if asked to.</summary>
    /// <param name="scores">Scores, <c>[keys, width]</c>.</param>
    /// <param name="keys">Number of keys.</param>
    /// <param name="width">Queries of the tile.</param>
    /// <param name="bias">The entry of the first query and the first key.</param>
    /// <param name="rounds">Round to bfloat16.</param>
    public static void AddBias<TSimd, TVector>(float* scores, int keys, int width, float* bias, bool rounds)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        for (int key = 0; key < keys; key++, bias--, scores += width)
        {
            for (int lane = 0; lane < width; lane += TSimd.Width)
            {
                TVector score = TSimd.Load(scores + lane);
                score = TSimd.Add(rounds ? TSimd.RoundToBFloat16(score) : score, TSimd.Load(bias + lane));
                TSimd.Store(rounds ? TSimd.RoundToBFloat16(score) : score, scores + lane);
            }
        }
    }

    /// <summary>Hides keys that are in none of two ranges and are not the query's own position.</summary>
    /// <param name="scores">Scores, <c>[keys, width]</c>.</param>
    /// <param name="firstKey">Position of the first key.</param>
    /// <param name="keys">Number of keys.</param>
    /// <param name="width">Queries of the tile.</param>
    /// <param name="bounds">Start and end of three ranges for each query, <c>[6, width]</c>.</param>
    public static void Hide<TSimd, TVector>(float* scores, int firstKey, int keys, int width, float* bounds)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        for (int key = 0; key < keys; key++, scores += width)
        {
            TVector at = TSimd.Create(firstKey + key);
            for (int lane = 0; lane < width; lane += TSimd.Width)
            {
                TVector score = TSimd.Load(scores + lane), seen = TSimd.Create(Unseen);
                for (int range = 0; range < 3; range++)
                {
                    float* low = bounds + (2 * range * width) + lane;
                    seen = TSimd.SelectBetween(at, TSimd.Load(low), TSimd.Load(low + width), score, seen);
                }

                TSimd.Store(seen, scores + lane);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Largest<TSimd, TVector>(float* column, int keys, int width, TVector before)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        TVector even = before, odd = before;
        int key = 0;
        for (; key <= keys - 2; key += 2)
        {
            even = TSimd.Max(even, TSimd.Load(column + ((nint)key * width)));
            odd = TSimd.Max(odd, TSimd.Load(column + ((nint)key * width) + width));
        }

        return TSimd.Max(key < keys ? TSimd.Max(even, TSimd.Load(column + ((nint)key * width))) : even, odd);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Exponentials<TSimd, TVector>(float* column, int keys, int width, TVector shift)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        TVector scale = TSimd.Create(Log2E);
        TVector even = default, odd = default;
        int key = 0;
        for (; key <= keys - 2; key += 2)
        {
            float* at = column + ((nint)key * width);
            TVector first = Exp2<TSimd, TVector>(TSimd.MultiplyAdd(TSimd.Load(at), scale, shift));
            TVector second = Exp2<TSimd, TVector>(TSimd.MultiplyAdd(TSimd.Load(at + width), scale, shift));
            TSimd.Store(first, at);
            TSimd.Store(second, at + width);
            even = TSimd.Add(even, first);
            odd = TSimd.Add(odd, second);
        }

        if (key < keys)
        {
            float* at = column + ((nint)key * width);
            TVector last = Exp2<TSimd, TVector>(TSimd.MultiplyAdd(TSimd.Load(at), scale, shift));
            TSimd.Store(last, at);
            even = TSimd.Add(even, last);
        }

        return TSimd.Add(even, odd);
    }

    private static void Rescale<TSimd, TVector>(float* output, int values, int width, TVector factor)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        for (int d = 0; d < values; d++, output += width)
        {
            TSimd.Store(TSimd.Multiply(TSimd.Load(output), factor), output);
        }
    }

    // 2^x for x <= 0: a polynomial of degree 6 around the nearest integer, fitted at Chebyshev nodes; relative error 1e-8 before rounding.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Exp2<TSimd, TVector>(TVector x)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        TVector bounded = TSimd.Max(x, TSimd.Create(-126f));
        TVector power = TSimd.Round(bounded);
        TVector f = TSimd.Subtract(bounded, power);
        TVector p = TSimd.Create(1.5453163e-4f);
        p = TSimd.MultiplyAdd(p, f, TSimd.Create(1.3390863e-3f));
        p = TSimd.MultiplyAdd(p, f, TSimd.Create(9.6180830e-3f));
        p = TSimd.MultiplyAdd(p, f, TSimd.Create(5.5503570e-2f));
        p = TSimd.MultiplyAdd(p, f, TSimd.Create(2.4022651e-1f));
        p = TSimd.MultiplyAdd(p, f, TSimd.Create(6.9314718e-1f));
        p = TSimd.MultiplyAdd(p, f, TSimd.Create(1f));
        return TSimd.Scale(p, power);
    }
}
