using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Benchmarks;

/// <summary>What the cores can do at this moment: independent multiply-adds on registers, without any memory.</summary>
/// <remarks>
/// Clock and neighbours change from second to second, so a share of the peak means something only if the peak was read next to the
/// sample, on as many threads.
/// </remarks>
internal static class PeakProbe
{
    // Twelve sums hide the latency of four cycles of two units, and leave room for operands in 16 registers.
    private const int Sums = 12;
    private const int Loops = 20_000;

    // A reading takes some seven milliseconds: for fractions of one, processors clock higher than they can for an op, and the best of short
    // readings is that clock.
    private const int ItemsPerThread = 200;
    private const int Readings = 3;

    /// <summary>Reads the peak with the widest vectors of this machine: the best of a few readings, since a disturbed one is too low.</summary>
    /// <param name="workers">The threads.</param>
    /// <returns>Floating-point operations per second.</returns>
    public static double Read(Workers workers)
    {
        double best = 0;
        for (int reading = 0; reading < Readings; reading++)
        {
            int items = ItemsPerThread * workers.Threads;
            long start = Stopwatch.GetTimestamp();
            workers.For(items, static _ => Item());
            best = Math.Max(best, items * FlopsPerItem / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }

    private static double FlopsPerItem => 2.0 * Sums * Loops * SimdPaths.Best switch
    {
        SimdPath.Avx512 => Simd512.Width,
        SimdPath.Avx2 => Simd256.Width,
        SimdPath.Scalar => SimdScalar.Width,
        _ => SimdPortable.Width,
    };

    private static void Item()
    {
        switch (SimdPaths.Best)
        {
            case SimdPath.Avx512:
                Run<Simd512, Vector512<float>>(1e-9f);
                break;
            case SimdPath.Avx2:
                Run<Simd256, Vector256<float>>(1e-9f);
                break;
            case SimdPath.Scalar:
                Run<SimdScalar, float>(1e-9f);
                break;
            default:
                Run<SimdPortable, Vector<float>>(1e-9f);
                break;
        }
    }

    // The sums are returned, so that they have to be computed.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static TVector Run<TSimd, TVector>(float seed)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        TVector x = TSimd.Create(seed), y = TSimd.Create(1 - seed);
        TVector a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (int loop = 0; loop < Loops; loop++)
        {
            (a, b, c) = (TSimd.MultiplyAdd(x, y, a), TSimd.MultiplyAdd(x, y, b), TSimd.MultiplyAdd(x, y, c));
            (d, e, f) = (TSimd.MultiplyAdd(x, y, d), TSimd.MultiplyAdd(x, y, e), TSimd.MultiplyAdd(x, y, f));
            (g, h, i) = (TSimd.MultiplyAdd(x, y, g), TSimd.MultiplyAdd(x, y, h), TSimd.MultiplyAdd(x, y, i));
            (j, k, l) = (TSimd.MultiplyAdd(x, y, j), TSimd.MultiplyAdd(x, y, k), TSimd.MultiplyAdd(x, y, l));
        }

        TVector low = TSimd.Add(TSimd.Add(TSimd.Add(a, b), TSimd.Add(c, d)), TSimd.Add(e, f));
        return TSimd.Add(low, TSimd.Add(TSimd.Add(TSimd.Add(g, h), TSimd.Add(i, j)), TSimd.Add(k, l)));
    }
}
