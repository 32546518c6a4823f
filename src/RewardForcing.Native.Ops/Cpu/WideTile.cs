using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace RewardForcing.Native.Ops;

/// <summary>8 rows by 3 vectors: 24 sums, 3 columns and 1 row value fill 28 of 32 vector registers.</summary>
/// <remarks>For AVX-512 and Arm. Left rows are read in place, one value at a time, so only the right operand is ever packed.</remarks>
internal readonly unsafe struct WideTile<TSimd, TVector> : ITile
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    // Steps between two looks ahead: floats of a cache line.
    private const int Run = 16;

    public static int Rows => 8;

    public static int Columns => 3 * TSimd.Width;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(int taps, float** rows, nint depth, nint step, float* panel, float* sums, nint stride, float* addend, nint addendStride, nint ahead)
    {
        if (Sse.IsSupported && addendStride != 0)
        {
            Fetch(addend, addendStride);
        }

        TVector c00 = default, c01 = default, c02 = default;
        TVector c10 = default, c11 = default, c12 = default;
        TVector c20 = default, c21 = default, c22 = default;
        TVector c30 = default, c31 = default, c32 = default;
        TVector c40 = default, c41 = default, c42 = default;
        TVector c50 = default, c51 = default, c52 = default;
        TVector c60 = default, c61 = default, c62 = default;
        TVector c70 = default, c71 = default, c72 = default;
        for (int tap = 0; tap < taps; tap++, rows += Rows)
        {
            float* r0 = rows[0], r1 = rows[1], r2 = rows[2], r3 = rows[3], r4 = rows[4], r5 = rows[5], r6 = rows[6], r7 = rows[7];
            nint k = 0;
            for (nint left = depth; left > 0; left -= Run)
            {
                if (Sse.IsSupported && ahead != 0)
                {
                    Fetch(r0 + k, r1 + k, r2 + k, r3 + k, ahead);
                    Fetch(r4 + k, r5 + k, r6 + k, r7 + k, ahead);
                }

                float* end = panel + (Math.Min(left, Run) * Columns);
                do
                {
                    TVector b0 = TSimd.Load(panel), b1 = TSimd.Load(panel + TSimd.Width), b2 = TSimd.Load(panel + (2 * TSimd.Width));
                    TVector a = TSimd.Create(r0[k]);
                    (c00, c01, c02) = (TSimd.MultiplyAdd(a, b0, c00), TSimd.MultiplyAdd(a, b1, c01), TSimd.MultiplyAdd(a, b2, c02));
                    a = TSimd.Create(r1[k]);
                    (c10, c11, c12) = (TSimd.MultiplyAdd(a, b0, c10), TSimd.MultiplyAdd(a, b1, c11), TSimd.MultiplyAdd(a, b2, c12));
                    a = TSimd.Create(r2[k]);
                    (c20, c21, c22) = (TSimd.MultiplyAdd(a, b0, c20), TSimd.MultiplyAdd(a, b1, c21), TSimd.MultiplyAdd(a, b2, c22));
                    a = TSimd.Create(r3[k]);
                    (c30, c31, c32) = (TSimd.MultiplyAdd(a, b0, c30), TSimd.MultiplyAdd(a, b1, c31), TSimd.MultiplyAdd(a, b2, c32));
                    a = TSimd.Create(r4[k]);
                    (c40, c41, c42) = (TSimd.MultiplyAdd(a, b0, c40), TSimd.MultiplyAdd(a, b1, c41), TSimd.MultiplyAdd(a, b2, c42));
                    a = TSimd.Create(r5[k]);
                    (c50, c51, c52) = (TSimd.MultiplyAdd(a, b0, c50), TSimd.MultiplyAdd(a, b1, c51), TSimd.MultiplyAdd(a, b2, c52));
                    a = TSimd.Create(r6[k]);
                    (c60, c61, c62) = (TSimd.MultiplyAdd(a, b0, c60), TSimd.MultiplyAdd(a, b1, c61), TSimd.MultiplyAdd(a, b2, c62));
                    a = TSimd.Create(r7[k]);
                    (c70, c71, c72) = (TSimd.MultiplyAdd(a, b0, c70), TSimd.MultiplyAdd(a, b1, c71), TSimd.MultiplyAdd(a, b2, c72));
                    panel += Columns;
                    k += step;
                }
                while (panel != end);
            }
        }

        if (addend == null)
        {
            Put(sums, c00, c01, c02);
            Put(sums + stride, c10, c11, c12);
            Put(sums + (2 * stride), c20, c21, c22);
            Put(sums + (3 * stride), c30, c31, c32);
            Put(sums + (4 * stride), c40, c41, c42);
            Put(sums + (5 * stride), c50, c51, c52);
            Put(sums + (6 * stride), c60, c61, c62);
            Put(sums + (7 * stride), c70, c71, c72);
            return;
        }

        Put(sums, addend, c00, c01, c02);
        Put(sums + stride, addend + addendStride, c10, c11, c12);
        Put(sums + (2 * stride), addend + (2 * addendStride), c20, c21, c22);
        Put(sums + (3 * stride), addend + (3 * addendStride), c30, c31, c32);
        Put(sums + (4 * stride), addend + (4 * addendStride), c40, c41, c42);
        Put(sums + (5 * stride), addend + (5 * addendStride), c50, c51, c52);
        Put(sums + (6 * stride), addend + (6 * addendStride), c60, c61, c62);
        Put(sums + (7 * stride), addend + (7 * addendStride), c70, c71, c72);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch(float* addend, nint stride)
    {
        for (int row = 0; row < Rows; row++, addend += stride)
        {
            Sse.Prefetch0(addend);
            Sse.Prefetch0(addend + TSimd.Width);
            Sse.Prefetch0(addend + (2 * TSimd.Width));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch(float* a, float* b, float* c, float* d, nint ahead)
    {
        Sse.Prefetch1((byte*)a + ahead);
        Sse.Prefetch1((byte*)b + ahead);
        Sse.Prefetch1((byte*)c + ahead);
        Sse.Prefetch1((byte*)d + ahead);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* sums, TVector c0, TVector c1, TVector c2)
    {
        TSimd.Store(c0, sums);
        TSimd.Store(c1, sums + TSimd.Width);
        TSimd.Store(c2, sums + (2 * TSimd.Width));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* sums, float* addend, TVector c0, TVector c1, TVector c2) =>
        Put(sums, TSimd.Add(TSimd.Load(addend), c0), TSimd.Add(TSimd.Load(addend + TSimd.Width), c1), TSimd.Add(TSimd.Load(addend + (2 * TSimd.Width)), c2));
}
