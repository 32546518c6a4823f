using System.Runtime.CompilerServices;

namespace RewardForcing.Native.Ops;

/// <summary>8 rows by 2 vectors, for results whose columns leave none of them empty.</summary>
/// <remarks>Otherwise as <see cref="WideTile{TSimd, TVector}"/>; the sums are the same bits.</remarks>
internal readonly unsafe struct MiddleTile<TSimd, TVector> : ITile
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static int Rows => 8;

    public static int Columns => 2 * TSimd.Width;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(int taps, float** rows, nint depth, nint step, float* panel, float* sums, nint stride, float* addend, nint addendStride, nint ahead)
    {
        TVector c00 = default, c01 = default;
        TVector c10 = default, c11 = default;
        TVector c20 = default, c21 = default;
        TVector c30 = default, c31 = default;
        TVector c40 = default, c41 = default;
        TVector c50 = default, c51 = default;
        TVector c60 = default, c61 = default;
        TVector c70 = default, c71 = default;
        for (int tap = 0; tap < taps; tap++, rows += Rows)
        {
            float* r0 = rows[0], r1 = rows[1], r2 = rows[2], r3 = rows[3], r4 = rows[4], r5 = rows[5], r6 = rows[6], r7 = rows[7];
            float* end = panel + (depth * Columns);
            nint k = 0;
            do
            {
                TVector b0 = TSimd.Load(panel), b1 = TSimd.Load(panel + TSimd.Width);
                TVector a = TSimd.Create(r0[k]);
                (c00, c01) = (TSimd.MultiplyAdd(a, b0, c00), TSimd.MultiplyAdd(a, b1, c01));
                a = TSimd.Create(r1[k]);
                (c10, c11) = (TSimd.MultiplyAdd(a, b0, c10), TSimd.MultiplyAdd(a, b1, c11));
                a = TSimd.Create(r2[k]);
                (c20, c21) = (TSimd.MultiplyAdd(a, b0, c20), TSimd.MultiplyAdd(a, b1, c21));
                a = TSimd.Create(r3[k]);
                (c30, c31) = (TSimd.MultiplyAdd(a, b0, c30), TSimd.MultiplyAdd(a, b1, c31));
                a = TSimd.Create(r4[k]);
                (c40, c41) = (TSimd.MultiplyAdd(a, b0, c40), TSimd.MultiplyAdd(a, b1, c41));
                a = TSimd.Create(r5[k]);
                (c50, c51) = (TSimd.MultiplyAdd(a, b0, c50), TSimd.MultiplyAdd(a, b1, c51));
                a = TSimd.Create(r6[k]);
                (c60, c61) = (TSimd.MultiplyAdd(a, b0, c60), TSimd.MultiplyAdd(a, b1, c61));
                a = TSimd.Create(r7[k]);
                (c70, c71) = (TSimd.MultiplyAdd(a, b0, c70), TSimd.MultiplyAdd(a, b1, c71));
                panel += Columns;
                k += step;
            }
            while (panel != end);
        }

        if (addend == null)
        {
            Put(sums, c00, c01);
            Put(sums + stride, c10, c11);
            Put(sums + (2 * stride), c20, c21);
            Put(sums + (3 * stride), c30, c31);
            Put(sums + (4 * stride), c40, c41);
            Put(sums + (5 * stride), c50, c51);
            Put(sums + (6 * stride), c60, c61);
            Put(sums + (7 * stride), c70, c71);
            return;
        }

        Put(sums, addend, c00, c01);
        Put(sums + stride, addend + addendStride, c10, c11);
        Put(sums + (2 * stride), addend + (2 * addendStride), c20, c21);
        Put(sums + (3 * stride), addend + (3 * addendStride), c30, c31);
        Put(sums + (4 * stride), addend + (4 * addendStride), c40, c41);
        Put(sums + (5 * stride), addend + (5 * addendStride), c50, c51);
        Put(sums + (6 * stride), addend + (6 * addendStride), c60, c61);
        Put(sums + (7 * stride), addend + (7 * addendStride), c70, c71);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* sums, TVector c0, TVector c1)
    {
        TSimd.Store(c0, sums);
        TSimd.Store(c1, sums + TSimd.Width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* sums, float* addend, TVector c0, TVector c1) =>
        Put(sums, TSimd.Add(TSimd.Load(addend), c0), TSimd.Add(TSimd.Load(addend + TSimd.Width), c1));
}
