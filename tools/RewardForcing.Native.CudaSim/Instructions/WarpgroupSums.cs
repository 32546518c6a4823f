using System.Runtime.Intrinsics;
using RewardForcing.Native.CudaSim.Execution;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>
/// Sums of a warpgroup product, in the lanes' own layout: lane 4g + t of register 4j + e holds row g (e below 2) or g + 8, column 8j + 2t + (e odd).
/// </summary>
internal static unsafe class WarpgroupSums
{
    /// <summary>Adds the products of this warp's rows. Perturbed, K is summed from its end.</summary>
    public static void Add(Warp w, WarpgroupPlan plan, float* a, float[] right)
    {
        int k = plan.K;
        bool adds = (*(uint*)(w.Registers + plan.Adds) & 1) != 0, backwards = w.Block.Grid.Options.Perturb;
        Vector512<float>* rows = stackalloc Vector512<float>[4 * k];
        for (int i = 0; i < k; i++)
        {
            int place = backwards ? k - 1 - i : i;
            for (int part = 0; part < 4; part++)
            {
                float* first = a + (4 * part * k) + place;
                rows[(4 * i) + part] = Vector512.Create(
                    Vector256.Create(Vector128.Create(first[0]), Vector128.Create(first[k])), Vector256.Create(Vector128.Create(first[2 * k]), Vector128.Create(first[3 * k])));
            }
        }

        fixed (float* b = right)
        {
            for (int pair = 0; pair < plan.N / 4; pair++)
            {
                // A pair is the even or the odd columns of eight; rows g are one register, rows g + 8 the one two further.
                byte* upper = w.Registers + plan.D[(4 * (pair / 2)) + (pair & 1)], lower = w.Registers + plan.D[(4 * (pair / 2)) + (pair & 1) + 2];
                Vector512<float> c0 = Sum(upper, 0, adds), c1 = Sum(upper, 1, adds), c2 = Sum(lower, 0, adds), c3 = Sum(lower, 1, adds);
                float* factors = b + (pair * 4 * k);
                for (int i = 0; i < k; i++)
                {
                    Vector128<float> four = Vector128.Load(factors + (4 * (backwards ? k - 1 - i : i)));
                    Vector256<float> eight = Vector256.Create(four, four);
                    Vector512<float> columns = Vector512.Create(eight, eight);
                    Vector512<float>* row = rows + (4 * i);
                    c0 = Vector512.FusedMultiplyAdd(row[0], columns, c0);
                    c1 = Vector512.FusedMultiplyAdd(row[1], columns, c1);
                    c2 = Vector512.FusedMultiplyAdd(row[2], columns, c2);
                    c3 = Vector512.FusedMultiplyAdd(row[3], columns, c3);
                }

                Store(upper, c0, c1);
                Store(lower, c2, c3);
            }
        }
    }

    /// <summary>Adds products of integers.</summary>
    public static void AddIntegers(Warp w, WarpgroupPlan plan, byte* a, byte* b)
    {
        bool adds = (*(uint*)(w.Registers + plan.Adds) & 1) != 0;
        for (int row = 0; row < WarpgroupFactors.Rows; row++)
        {
            for (int column = 0; column < plan.N; column++)
            {
                int lane = (4 * (row & 7)) + (column % 8 / 2);
                int* sum = (int*)(w.Registers + plan.D[(4 * (column / 8)) + (2 * (row / 8)) + (column & 1)]) + lane;
                int total = adds ? *sum : 0;
                for (int k = 0; k < plan.K; k++)
                {
                    byte x = a[(row * plan.K) + k], y = b[(column * plan.K) + k];
                    total += (plan.TypeA.IsSigned ? (sbyte)x : x) * (plan.TypeB.IsSigned ? (sbyte)y : y);
                }

                *sum = total;
            }
        }
    }

    private static Vector512<float> Sum(byte* column, int part, bool adds) => adds ? Lanes.Load<float>(column, part) : Vector512<float>.Zero;

    private static void Store(byte* column, Vector512<float> low, Vector512<float> high)
    {
        FloatLanes.Canonical(low).Store((float*)column);
        FloatLanes.Canonical(high).Store((float*)column + 16);
    }
}
