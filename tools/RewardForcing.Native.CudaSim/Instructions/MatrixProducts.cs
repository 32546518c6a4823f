using System.Globalization;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>
/// <c>mma.sync</c> m16n8: products are summed one after the other in binary32 with fused products. Tensor cores sum in another order and cut what they
/// align; a perturbed run does so too.
/// </summary>
internal static unsafe class MatrixProducts
{
    public static void Lower(Lowering l, PtxInstruction i, Modifiers m)
    {
        m.Take("sync");
        m.Take("aligned");
        string shape = m.First(word => word.StartsWith("m16n8k")) ?? throw new UnknownFormException("only m16n8 is there");
        if (!m.Take("row") || !m.Take("col"))
        {
            throw new UnknownFormException("only .row.col is there");
        }

        bool saturate = m.Take("satfinite");
        PtxType c = m.Type(), b = m.Type(), a = m.Type(), d = m.Type();
        int k = int.Parse(shape["m16n8k".Length..], CultureInfo.InvariantCulture);
        Check(a, b, c, d, k);
        int perLane = 4 / a.Bytes, accumulators = c.Bytes == 2 ? 2 : 4;
        int[] columnsA = Columns(l, i.Operands[1], 2 * k / (4 * perLane), false, a), columnsB = Columns(l, i.Operands[2], k / (4 * perLane), false, b);
        int[] columnsC = Columns(l, i.Operands[3], accumulators, false, c), columnsD = Columns(l, i.Operands[0], accumulators, true, d);
        var plan = new MatrixPlan(k, a, b, c, saturate, columnsA, columnsB, columnsC, columnsD);
        int number = l.AddObject(plan);
        bool disturbed = l.Perturb && !a.IsInteger, inPlace = !disturbed && UsesFragments(plan);
        ref Operation o = ref l.Add(disturbed ? &RunDisturbed : Handler(plan, inPlace));
        o.Object = number;
        if (inPlace)
        {
            (o.D, o.A, o.B, o.C) = (columnsD[0], columnsA[0], columnsB[0], columnsC[0]);
            (o.E, o.F, o.G) = (columnsD[1], columnsD[2], columnsD[3]);
            (o.H, o.I, o.J) = (columnsC[1], columnsC[2], columnsC[3]);
            (o.K, o.L, o.M, o.N) = (columnsA[1], columnsA[2], columnsA[3], columnsB[1]);
        }
    }

    private static bool UsesFragments(MatrixPlan plan) =>
        Avx512F.IsSupported && plan.K == 16 && plan.TypeA.Bytes == 2 && plan.Accumulator is { Kind: PtxKind.Float, Bytes: 4 };

    private static delegate*<Warp, Operation*, Operation*> Handler(MatrixPlan plan, bool inPlace)
    {
        if (inPlace)
        {
            return plan.TypeA.Kind == PtxKind.BFloat ? &FragmentProducts.Run<BFloatPair> : &FragmentProducts.Run<HalfPair>;
        }

        return plan.TypeA.IsInteger ? &RunIntegers : &RunFloats;
    }

    private static void Check(PtxType a, PtxType b, PtxType c, PtxType d, int k)
    {
        bool eight = a.Bytes == 1;
        int[] extents = eight ? [16, 32] : a.Bytes == 2 ? [8, 16] : [4, 8];
        bool floats = (a.Kind is PtxKind.BFloat or PtxKind.Tf32 && a == b && c is { Kind: PtxKind.Float, Bytes: 4 })
            || (a is { Kind: PtxKind.Float, Bytes: 2 } && a == b && c.Kind == PtxKind.Float && c.Bytes <= 4)
            || (a.Kind is PtxKind.E4M3 or PtxKind.E5M2 && b.Kind is PtxKind.E4M3 or PtxKind.E5M2 && k == 32 && c is { Kind: PtxKind.Float, Bytes: 4 });
        bool integers = eight && a.IsInteger && b.IsInteger && b.Bytes == 1 && c is { Kind: PtxKind.Signed, Bytes: 4 };
        if (c != d || !(floats || integers) || !extents.Contains(k))
        {
            throw new UnknownFormException($"products of .{a} and .{b} to .{d} with an inner extent of {k}");
        }
    }

    private static int[] Columns(Lowering l, PtxOperand operand, int count, bool result, PtxType type)
    {
        if (operand.Kind != PtxOperandKind.Vector || operand.Elements.Count != count)
        {
            throw new UnknownFormException($"{count} registers are expected in {operand.Text}");
        }

        // f16 accumulators and all factors are packed words.
        PtxType word = type is { Kind: PtxKind.Float, Bytes: 4 } or { Bytes: 4, IsInteger: true } ? type : new PtxType(PtxKind.Bits, 4);
        return [.. operand.Elements.Select(element => result ? l.Target(element, word) : l.Source(element, word))];
    }

    private static Operation* RunFloats(Warp w, Operation* o)
    {
        MatrixLoads.WholeWarp(w, o);
        var plan = (MatrixPlan)w.Program.Objects[o->Object];
        float* a = stackalloc float[MatrixPlan.Rows * plan.K], b = stackalloc float[MatrixPlan.Columns * plan.K], c = stackalloc float[MatrixPlan.Rows * MatrixPlan.Columns];
        float* columns = stackalloc float[MatrixPlan.Columns * plan.K];
        MatrixElements.Read(w, plan, a, columns, c);
        for (int k = 0; k < plan.K; k++)
        {
            for (int n = 0; n < MatrixPlan.Columns; n++)
            {
                b[(k * MatrixPlan.Columns) + n] = columns[(n * plan.K) + k];
            }
        }

        for (int row = 0; row < MatrixPlan.Rows; row++)
        {
            Vector256<float> sum = Vector256.Load(c + (row * MatrixPlan.Columns));
            for (int k = 0; k < plan.K; k++)
            {
                sum = Vector256.FusedMultiplyAdd(Vector256.Create(a[(row * plan.K) + k]), Vector256.Load(b + (k * MatrixPlan.Columns)), sum);
            }

            sum.Store(c + (row * MatrixPlan.Columns));
        }

        MatrixElements.Write(w, plan, c);
        return o + 1;
    }

    // Groups of four or eight products are summed exactly, cut to 24 bits, and added last to first, as a tensor core may.
    private static Operation* RunDisturbed(Warp w, Operation* o)
    {
        MatrixLoads.WholeWarp(w, o);
        var plan = (MatrixPlan)w.Program.Objects[o->Object];
        float* a = stackalloc float[MatrixPlan.Rows * plan.K], b = stackalloc float[MatrixPlan.Columns * plan.K], c = stackalloc float[MatrixPlan.Rows * MatrixPlan.Columns];
        MatrixElements.Read(w, plan, a, b, c);
        int group = Math.Min(plan.K, (w.Random() & 1) == 0 ? 4 : 8);
        for (int row = 0; row < MatrixPlan.Rows; row++)
        {
            for (int column = 0; column < MatrixPlan.Columns; column++)
            {
                double sum = c[(row * MatrixPlan.Columns) + column];
                for (int first = plan.K - group; first >= 0; first -= group)
                {
                    for (int k = first; k < first + group; k++)
                    {
                        sum += (double)a[(row * plan.K) + k] * b[(column * plan.K) + k];
                    }

                    sum = Cut(sum);
                }

                c[(row * MatrixPlan.Columns) + column] = (float)sum;
            }
        }

        MatrixElements.Write(w, plan, c);
        return o + 1;
    }

    private static double Cut(double sum)
    {
        var nearest = (float)sum;
        return Math.Abs((double)nearest) > Math.Abs(sum) && float.IsFinite(nearest) ? nearest > 0 ? MathF.BitDecrement(nearest) : MathF.BitIncrement(nearest) : nearest;
    }

    private static Operation* RunIntegers(Warp w, Operation* o)
    {
        MatrixLoads.WholeWarp(w, o);
        var plan = (MatrixPlan)w.Program.Objects[o->Object];
        byte* r = w.Registers;
        for (int row = 0; row < MatrixPlan.Rows; row++)
        {
            for (int column = 0; column < MatrixPlan.Columns; column++)
            {
                int lane = (4 * (row & 7)) + (column / 2), register = (2 * (row / 8)) + (column & 1);
                long sum = ((int*)(r + plan.C[register]))[lane];
                for (int k = 0; k < plan.K; k++)
                {
                    byte x = MatrixElements.Byte(r, plan.A[(2 * (k / 16)) + (row / 8)], row & 7, k & 15), y = MatrixElements.Byte(r, plan.B[k / 16], column, k & 15);
                    sum += (plan.TypeA.IsSigned ? (sbyte)x : x) * (plan.TypeB.IsSigned ? (sbyte)y : y);
                }

                // D may be C: every element is read before it is written, and by itself alone.
                ((int*)(r + plan.D[register]))[lane] = plan.Saturate ? (int)Math.Clamp(sum, int.MinValue, int.MaxValue) : (int)sum;
            }
        }

        return o + 1;
    }
}
