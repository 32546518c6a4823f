using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>
/// <c>ldmatrix</c> and <c>stmatrix</c>: 8 x 8 matrices of 16-bit values. Lane 8m + r gives the address of row r of matrix m, and lane 4r + c holds
/// elements 2c and 2c + 1 of row r: a register column is the matrix itself, row by row.
/// </summary>
internal static unsafe class MatrixLoads
{
    private const int RowBytes = 16;

    public static void Load(Lowering l, PtxInstruction i, Modifiers m)
    {
        int count = Shape(m, out bool transposed);
        int[] columns = [.. Elements(i.Operands[0], count).Select(operand => l.Target(operand, new PtxType(PtxKind.Bits, 4)))];
        Emit(l, i.Operands[1], &RunLoad, columns, transposed);
    }

    public static void Store(Lowering l, PtxInstruction i, Modifiers m)
    {
        int count = Shape(m, out bool transposed);
        int[] columns = [.. Elements(i.Operands[1], count).Select(operand => l.Source(operand, new PtxType(PtxKind.Bits, 4)))];
        Emit(l, i.Operands[0], &RunStore, columns, transposed);
    }

    /// <summary>Refuses an instruction of the whole warp that some lanes do not run.</summary>
    public static void WholeWarp(Warp w, Operation* o)
    {
        if (w.Mask != w.Present || w.Present != Lanes.All)
        {
            throw w.Fault(FindingKind.Divergence, o, Warp.First(w.Mask), $"every lane of a warp must run this together, and only lanes {w.Mask:x8} do");
        }
    }

    private static int Shape(Modifiers m, out bool transposed)
    {
        m.Take("sync");
        m.Take("aligned");
        if (!m.Take("m8n8") || m.Type() != new PtxType(PtxKind.Bits, 2))
        {
            throw new UnknownFormException("matrices other than 8 x 8 of 16 bits");
        }

        transposed = m.Take("trans");
        m.OneOf("shared", "shared::cta");
        return m.OneOf("x1", "x2", "x4") switch { "x1" => 1, "x2" => 2, "x4" => 4, _ => throw new UnknownFormException("its count is missing") };
    }

    private static IReadOnlyList<PtxOperand> Elements(PtxOperand operand, int count) =>
        operand.Kind == PtxOperandKind.Vector && operand.Elements.Count == count ? operand.Elements
            : operand.Kind == PtxOperandKind.Register && count == 1 ? [operand] : throw new UnknownFormException($"{count} registers are expected");

    private static void Emit(Lowering l, PtxOperand address, delegate*<Warp, Operation*, Operation*> run, int[] columns, bool transposed)
    {
        (int column, bool wide, long offset) = MemoryAddress.Lower(l, address, true);
        int number = l.AddObject(columns);
        ref Operation o = ref l.Add(run, 0, column);
        (o.Object, o.Mode, o.Immediate, o.Count, o.Size) = (number, wide ? 1 : 0, offset, columns.Length, transposed ? 1 : 0);
    }

    private static Operation* RunLoad(Warp w, Operation* o)
    {
        WholeWarp(w, o);
        ulong* addresses = Rows(w, o, AccessKind.Read);
        var columns = (int[])w.Program.Objects[o->Object];
        for (int matrix = 0; matrix < columns.Length; matrix++)
        {
            var rows = new Matrix(
                Row(w, addresses[8 * matrix]), Row(w, addresses[(8 * matrix) + 1]), Row(w, addresses[(8 * matrix) + 2]), Row(w, addresses[(8 * matrix) + 3]),
                Row(w, addresses[(8 * matrix) + 4]), Row(w, addresses[(8 * matrix) + 5]), Row(w, addresses[(8 * matrix) + 6]), Row(w, addresses[(8 * matrix) + 7]));
            if (o->Size != 0)
            {
                rows = rows.Transpose();
            }

            var target = (ushort*)(w.Registers + columns[matrix]);
            rows.R0.Store(target);
            rows.R1.Store(target + 8);
            rows.R2.Store(target + 16);
            rows.R3.Store(target + 24);
            rows.R4.Store(target + 32);
            rows.R5.Store(target + 40);
            rows.R6.Store(target + 48);
            rows.R7.Store(target + 56);
        }

        return o + 1;
    }

    private static Operation* RunStore(Warp w, Operation* o)
    {
        WholeWarp(w, o);
        ulong* addresses = Rows(w, o, AccessKind.Write);
        var columns = (int[])w.Program.Objects[o->Object];
        for (int matrix = 0; matrix < columns.Length; matrix++)
        {
            var source = (ushort*)(w.Registers + columns[matrix]);
            for (int row = 0; row < 8; row++)
            {
                var target = (ushort*)(w.Block.Shared + addresses[(8 * matrix) + row]);
                for (int k = 0; k < 8; k++)
                {
                    target[k] = o->Size != 0 ? source[(8 * k) + row] : source[(8 * row) + k];
                }
            }
        }

        return o + 1;
    }

    private static ulong* Rows(Warp w, Operation* o, AccessKind kind)
    {
        ulong* addresses = MemoryAddress.Compute(w, o->A, o->Mode != 0, o->Immediate);
        for (int lane = 0; lane < 8 * o->Count; lane++)
        {
            addresses[lane] = addresses[lane] >= MemoryMap.SharedWindow ? addresses[lane] - MemoryMap.SharedWindow : addresses[lane];
            MemoryAddress.Shared(w, o, addresses[lane], RowBytes, lane);
        }

        w.Checker?.Shared(w, o, addresses, o->Count == 4 ? Lanes.All : (1u << (8 * o->Count)) - 1, RowBytes, kind);
        return addresses;
    }

    private static Vector128<ushort> Row(Warp w, ulong address) => Vector128.Load((ushort*)(w.Block.Shared + address));

    /// <summary>Eight rows of eight.</summary>
    private readonly record struct Matrix(
        Vector128<ushort> R0, Vector128<ushort> R1, Vector128<ushort> R2, Vector128<ushort> R3, Vector128<ushort> R4, Vector128<ushort> R5, Vector128<ushort> R6, Vector128<ushort> R7)
    {
        // Pairs, fours, then eights of rows are interleaved.
        public Matrix Transpose()
        {
            if (!Sse2.IsSupported)
            {
                return TransposeEach();
            }

            Vector128<uint> a0 = Sse2.UnpackLow(R0, R1).AsUInt32(), a1 = Sse2.UnpackHigh(R0, R1).AsUInt32(), a2 = Sse2.UnpackLow(R2, R3).AsUInt32(), a3 = Sse2.UnpackHigh(R2, R3).AsUInt32();
            Vector128<uint> a4 = Sse2.UnpackLow(R4, R5).AsUInt32(), a5 = Sse2.UnpackHigh(R4, R5).AsUInt32(), a6 = Sse2.UnpackLow(R6, R7).AsUInt32(), a7 = Sse2.UnpackHigh(R6, R7).AsUInt32();
            Vector128<ulong> b0 = Sse2.UnpackLow(a0, a2).AsUInt64(), b1 = Sse2.UnpackHigh(a0, a2).AsUInt64(), b2 = Sse2.UnpackLow(a1, a3).AsUInt64(), b3 = Sse2.UnpackHigh(a1, a3).AsUInt64();
            Vector128<ulong> b4 = Sse2.UnpackLow(a4, a6).AsUInt64(), b5 = Sse2.UnpackHigh(a4, a6).AsUInt64(), b6 = Sse2.UnpackLow(a5, a7).AsUInt64(), b7 = Sse2.UnpackHigh(a5, a7).AsUInt64();
            return new Matrix(
                Sse2.UnpackLow(b0, b4).AsUInt16(), Sse2.UnpackHigh(b0, b4).AsUInt16(), Sse2.UnpackLow(b1, b5).AsUInt16(), Sse2.UnpackHigh(b1, b5).AsUInt16(),
                Sse2.UnpackLow(b2, b6).AsUInt16(), Sse2.UnpackHigh(b2, b6).AsUInt16(), Sse2.UnpackLow(b3, b7).AsUInt16(), Sse2.UnpackHigh(b3, b7).AsUInt16());
        }

        private Matrix TransposeEach()
        {
            ReadOnlySpan<Vector128<ushort>> rows = [R0, R1, R2, R3, R4, R5, R6, R7];
            Span<ushort> result = stackalloc ushort[64];
            for (int row = 0; row < 8; row++)
            {
                for (int column = 0; column < 8; column++)
                {
                    result[(8 * column) + row] = rows[row][column];
                }
            }

            return new Matrix(
                Vector128.Create<ushort>(result), Vector128.Create<ushort>(result[8..]), Vector128.Create<ushort>(result[16..]), Vector128.Create<ushort>(result[24..]),
                Vector128.Create<ushort>(result[32..]), Vector128.Create<ushort>(result[40..]), Vector128.Create<ushort>(result[48..]), Vector128.Create<ushort>(result[56..]));
        }
    }
}
