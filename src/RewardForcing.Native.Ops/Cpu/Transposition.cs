using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace RewardForcing.Native.Ops;

/// <summary>Turns a few rows into columns.</summary>
internal static unsafe class Transposition
{
    /// <summary>Rows that are transposed fastest together; fewer, such as 8, are possible.</summary>
    public const int Group = 16;

    private const int Half = 8;

    /// <summary>Writes <c>target[k * width + r] = rows[r][k]</c>.</summary>
    /// <param name="rows">Where each row starts.</param>
    /// <param name="group">Number of rows, at most <see cref="Group"/>.</param>
    /// <param name="count">Floats of each row.</param>
    /// <param name="target">Where to write.</param>
    /// <param name="width">Distance of what comes from consecutive floats.</param>
    public static void Run(float** rows, int group, int count, float* target, nint width)
    {
        if (Avx512F.IsSupported && group == Group)
        {
            int whole = count & -Group;
            Columns16(rows, whole, target, width);
            Rest(rows, group, whole, count, target, width);
            return;
        }

        int done = 0;
        for (; Avx.IsSupported && done <= group - Half; done += Half)
        {
            int whole = count & -Half;
            Columns8(rows + done, whole, target + done, width);
            Rest(rows + done, Half, whole, count, target + done, width);
        }

        Rest(rows + done, group - done, 0, count, target + done, width);
    }

    private static void Rest(float** rows, int group, int from, int count, float* target, nint width)
    {
        for (int k = from; k < count; k++)
        {
            for (int r = 0; r < group; r++)
            {
                target[(k * width) + r] = rows[r][k];
            }
        }
    }

    // Four rows at a time are transposed within quarters of the vectors, then the quarters are put together.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Columns16(float** rows, int count, float* target, nint width)
    {
        for (int k = 0; k < count; k += Group, target += Group * width)
        {
            (Vector512<float> a0, Vector512<float> a1, Vector512<float> a2, Vector512<float> a3) = Quarter(rows, k);
            (Vector512<float> b0, Vector512<float> b1, Vector512<float> b2, Vector512<float> b3) = Quarter(rows + 4, k);
            (Vector512<float> c0, Vector512<float> c1, Vector512<float> c2, Vector512<float> c3) = Quarter(rows + 8, k);
            (Vector512<float> d0, Vector512<float> d1, Vector512<float> d2, Vector512<float> d3) = Quarter(rows + 12, k);
            Store(a0, b0, c0, d0, target, 4 * width);
            Store(a1, b1, c1, d1, target + width, 4 * width);
            Store(a2, b2, c2, d2, target + (2 * width), 4 * width);
            Store(a3, b3, c3, d3, target + (3 * width), 4 * width);
        }
    }

    // Floats 4 q + j of four rows, in quarter q of vector j.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<float> First, Vector512<float> Second, Vector512<float> Third, Vector512<float> Fourth) Quarter(float** rows, int k)
    {
        Vector512<float> a = Vector512.Load(rows[0] + k), b = Vector512.Load(rows[1] + k), c = Vector512.Load(rows[2] + k), d = Vector512.Load(rows[3] + k);
        (Vector512<float> ab, Vector512<float> abHigh) = (Avx512F.UnpackLow(a, b), Avx512F.UnpackHigh(a, b));
        (Vector512<float> cd, Vector512<float> cdHigh) = (Avx512F.UnpackLow(c, d), Avx512F.UnpackHigh(c, d));
        return (Avx512F.Shuffle(ab, cd, 0x44), Avx512F.Shuffle(ab, cd, 0xEE), Avx512F.Shuffle(abHigh, cdHigh, 0x44), Avx512F.Shuffle(abHigh, cdHigh, 0xEE));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, float* target, nint distance)
    {
        (Vector512<float> abEven, Vector512<float> abOdd) = (Avx512F.Shuffle4x128(a, b, 0x88), Avx512F.Shuffle4x128(a, b, 0xDD));
        (Vector512<float> cdEven, Vector512<float> cdOdd) = (Avx512F.Shuffle4x128(c, d, 0x88), Avx512F.Shuffle4x128(c, d, 0xDD));
        Avx512F.Shuffle4x128(abEven, cdEven, 0x88).Store(target);
        Avx512F.Shuffle4x128(abOdd, cdOdd, 0x88).Store(target + distance);
        Avx512F.Shuffle4x128(abEven, cdEven, 0xDD).Store(target + (2 * distance));
        Avx512F.Shuffle4x128(abOdd, cdOdd, 0xDD).Store(target + (3 * distance));
    }

    private static void Columns8(float** rows, int count, float* target, nint width)
    {
        for (int k = 0; k < count; k += Half)
        {
            Transpose8(rows, k, target + (k * width), width);
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
