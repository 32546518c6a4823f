using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Moves the elements of an <c>mma</c> between register columns and plain matrices.</summary>
internal static unsafe class MatrixElements
{
    /// <summary>Reads A as <c>[16, K]</c>, B as <c>[8, K]</c> (its columns in rows) and C as <c>[16, 8]</c>.</summary>
    public static void Read(Warp w, MatrixPlan plan, float* a, float* b, float* c)
    {
        int width = 4 * plan.PerLane;
        for (int register = 0; register < plan.A.Length; register++)
        {
            Rows(w.Registers + plan.A[register], plan.TypeA, a + (8 * (register & 1) * plan.K) + ((register >> 1) * width), width, plan.K);
        }

        for (int register = 0; register < plan.B.Length; register++)
        {
            Rows(w.Registers + plan.B[register], plan.TypeB, b + (register * width), width, plan.K);
        }

        bool half = plan.Accumulator.Bytes == 2;
        for (int row = 0; row < MatrixPlan.Rows; row++)
        {
            for (int column = 0; column < MatrixPlan.Columns; column++)
            {
                int lane = (4 * (row & 7)) + (column / 2);
                c[(row * MatrixPlan.Columns) + column] = half
                    ? (float)FloatFormat.Binary16.Decode(((ushort*)(w.Registers + plan.C[row / 8]))[(2 * lane) + (column & 1)])
                    : ((float*)(w.Registers + plan.C[(2 * (row / 8)) + (column & 1)]))[lane];
            }
        }
    }

    /// <summary>Writes D.</summary>
    public static void Write(Warp w, MatrixPlan plan, float* d)
    {
        bool half = plan.Accumulator.Bytes == 2;
        for (int row = 0; row < MatrixPlan.Rows; row++)
        {
            for (int column = 0; column < MatrixPlan.Columns; column++)
            {
                int lane = (4 * (row & 7)) + (column / 2);
                float value = d[(row * MatrixPlan.Columns) + column];
                if (half)
                {
                    ((ushort*)(w.Registers + plan.D[row / 8]))[(2 * lane) + (column & 1)] = (ushort)FloatFormat.Binary16.Encode(value, Rounding.NearestEven);
                }
                else
                {
                    ((uint*)(w.Registers + plan.D[(2 * (row / 8)) + (column & 1)]))[lane] = float.IsNaN(value) ? 0x7FFFFFFF : BitConverter.SingleToUInt32Bits(value);
                }
            }
        }
    }

    /// <summary>A byte of a register column that is a matrix of 8 rows of 16 bytes.</summary>
    public static byte Byte(byte* registers, int column, int row, int k) => registers[column + (16 * row) + k];

    /// <summary>Value of an element.</summary>
    public static float Value(PtxType type, byte* element) => type.Kind switch
    {
        PtxKind.BFloat => BitConverter.UInt32BitsToSingle((uint)*(ushort*)element << 16),
        PtxKind.Float => type.Bytes == 2 ? (float)BitConverter.UInt16BitsToHalf(*(ushort*)element) : *(float*)element,
        PtxKind.Tf32 => BitConverter.UInt32BitsToSingle(*(uint*)element & 0xFFFFE000),
        PtxKind.E4M3 => EightBitFloats.E4M3[*element],
        _ => EightBitFloats.E5M2[*element],
    };

    private static void Rows(byte* column, PtxType type, float* to, int width, int stride)
    {
        for (int row = 0; row < 8; row++)
        {
            for (int k = 0; k < width; k++)
            {
                to[(row * stride) + k] = Value(type, column + (16 * row) + (k * type.Bytes));
            }
        }
    }
}
