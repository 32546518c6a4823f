using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace RewardForcing.Native.Ops;

/// <summary>Turns a few rows into columns.</summary>
internal static unsafe class Transposition
{
    /// <summary>Rows that are transposed fastest together.</summary>
    public const int Group = 8;

    /// <summary>Writes <c>target[k * width + r] = rows[r][k]</c>.</summary>
    /// <param name="rows">Where each row starts.</param>
    /// <param name="group">Number of rows, at most <see cref="Group"/>.</param>
    /// <param name="count">Floats of each row.</param>
    /// <param name="target">Where to write.</param>
    /// <param name="width">Distance of what comes from consecutive floats.</param>
    public static void Run(float** rows, int group, int count, float* target, nint width)
    {
        int k = 0;
        if (Avx.IsSupported && group == Group)
        {
            for (; k <= count - Group; k += Group)
            {
                Transpose8(rows, k, target + (k * width), width);
            }
        }

        for (; k < count; k++)
        {
            for (int r = 0; r < group; r++)
            {
                target[(k * width) + r] = rows[r][k];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose8(float** rows, int k, float* target, nint width)
    {
        // Pairs of rows, then pairs of pairs, then halves: three rounds of shuffles.
        Vector256<float> a = Vector256.Load(rows[0] + k), b = Vector256.Load(rows[1] + k), c = Vector256.Load(rows[2] + k), d = Vector256.Load(rows[3] + k);
        Vector256<float> e = Vector256.Load(rows[4] + k), f = Vector256.Load(rows[5] + k), g = Vector256.Load(rows[6] + k), h = Vector256.Load(rows[7] + k);
        (Vector256<float> ab, Vector256<float> abHigh, Vector256<float> cd, Vector256<float> cdHigh) = (Avx.UnpackLow(a, b), Avx.UnpackHigh(a, b), Avx.UnpackLow(c, d), Avx.UnpackHigh(c, d));
        (Vector256<float> ef, Vector256<float> efHigh, Vector256<float> gh, Vector256<float> ghHigh) = (Avx.UnpackLow(e, f), Avx.UnpackHigh(e, f), Avx.UnpackLow(g, h), Avx.UnpackHigh(g, h));
        Store(Avx.Shuffle(ab, cd, 0x44), Avx.Shuffle(ef, gh, 0x44), target, 4 * width);
        Store(Avx.Shuffle(ab, cd, 0xEE), Avx.Shuffle(ef, gh, 0xEE), target + width, 4 * width);
        Store(Avx.Shuffle(abHigh, cdHigh, 0x44), Avx.Shuffle(efHigh, ghHigh, 0x44), target + (2 * width), 4 * width);
        Store(Avx.Shuffle(abHigh, cdHigh, 0xEE), Avx.Shuffle(efHigh, ghHigh, 0xEE), target + (3 * width), 4 * width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<float> first, Vector256<float> second, float* target, nint distance)
    {
        Avx.Permute2x128(first, second, 0x20).Store(target);
        Avx.Permute2x128(first, second, 0x31).Store(target + distance);
    }
}
