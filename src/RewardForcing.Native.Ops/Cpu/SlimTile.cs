using System.Runtime.CompilerServices;

namespace RewardForcing.Native.Ops;

/// <summary>8 rows by 1 vector, for results of no more columns than that: 8 sums, enough to hide how long one of them takes.</summary>
/// <remarks>Otherwise as <see cref="WideTile{TSimd, TVector}"/>, which computes three vectors and would throw two away; the sums are the same bits.</remarks>
internal readonly unsafe struct SlimTile<TSimd, TVector> : ITile
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static int Rows => 8;

    public static int Columns => TSimd.Width;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(int taps, float** rows, nint depth, nint step, float* panel, float* sums, nint stride, float* addend, nint addendStride, nint ahead)
    {
        TVector c00 = default;
        TVector c10 = default;
        TVector c20 = default;
        TVector c30 = default;
        TVector c40 = default;
        TVector c50 = default;
        TVector c60 = default;
        TVector c70 = default;
        for (int tap = 0; tap < taps; tap++, rows += Rows)
        {
            float* r0 = rows[0], r1 = rows[1], r2 = rows[2], r3 = rows[3], r4 = rows[4], r5 = rows[5], r6 = rows[6], r7 = rows[7];
            float* end = panel + (depth * Columns);
            nint k = 0;
            do
            {
                TVector b0 = TSimd.Load(panel);
                TVector a = TSimd.Create(r0[k]);
                c00 = TSimd.MultiplyAdd(a, b0, c00);
                a = TSimd.Create(r1[k]);
                c10 = TSimd.MultiplyAdd(a, b0, c10);
                a = TSimd.Create(r2[k]);
                c20 = TSimd.MultiplyAdd(a, b0, c20);
                a = TSimd.Create(r3[k]);
                c30 = TSimd.MultiplyAdd(a, b0, c30);
                a = TSimd.Create(r4[k]);
                c40 = TSimd.MultiplyAdd(a, b0, c40);
                a = TSimd.Create(r5[k]);
                c50 = TSimd.MultiplyAdd(a, b0, c50);
                a = TSimd.Create(r6[k]);
                c60 = TSimd.MultiplyAdd(a, b0, c60);
                a = TSimd.Create(r7[k]);
                c70 = TSimd.MultiplyAdd(a, b0, c70);
                panel += Columns;
                k += step;
            }
            while (panel != end);
        }

        if (addend == null)
        {
            Put(sums, c00);
            Put(sums + stride, c10);
            Put(sums + (2 * stride), c20);
            Put(sums + (3 * stride), c30);
            Put(sums + (4 * stride), c40);
            Put(sums + (5 * stride), c50);
            Put(sums + (6 * stride), c60);
            Put(sums + (7 * stride), c70);
            return;
        }

        Put(sums, addend, c00);
        Put(sums + stride, addend + addendStride, c10);
        Put(sums + (2 * stride), addend + (2 * addendStride), c20);
        Put(sums + (3 * stride), addend + (3 * addendStride), c30);
        Put(sums + (4 * stride), addend + (4 * addendStride), c40);
        Put(sums + (5 * stride), addend + (5 * addendStride), c50);
        Put(sums + (6 * stride), addend + (6 * addendStride), c60);
        Put(sums + (7 * stride), addend + (7 * addendStride), c70);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* sums, TVector c0) => TSimd.Store(c0, sums);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* sums, float* addend, TVector c0) => TSimd.Store(TSimd.Add(TSimd.Load(addend), c0), sums);
}
