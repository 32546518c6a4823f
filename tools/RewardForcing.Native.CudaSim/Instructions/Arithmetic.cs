using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Opcodes that exist for integers and for floats: the type decides.</summary>
internal static class Arithmetic
{
    public static void Add(Lowering l, PtxInstruction i, Modifiers m) => Sum(l, i, m, false);

    public static void Subtract(Lowering l, PtxInstruction i, Modifiers m) => Sum(l, i, m, true);

    public static void Multiply(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        if (t.IsInteger)
        {
            IntegerArithmetic.Multiply(l, i, m, t);
        }
        else if (IsHalf(t))
        {
            HalfArithmetic.Two(l, i, m, t, (a, b) => a * b);
        }
        else
        {
            FloatArithmetic.Multiply(l, i, m, t);
        }
    }

    public static void MultiplyAdd(Lowering l, PtxInstruction i, Modifiers m)
    {
        if (i.Has("cc") || i.Opcode == "madc")
        {
            Carries.MultiplyAdd(l, i, m);
            return;
        }

        PtxType t = m.Type();
        if (t.IsInteger)
        {
            IntegerArithmetic.MultiplyAdd(l, i, m, t);
        }
        else if (IsHalf(t))
        {
            HalfArithmetic.FusedMultiplyAdd(l, i, m, t);
        }
        else
        {
            FloatArithmetic.FusedMultiplyAdd(l, i, m, t);
        }
    }

    public static void Divide(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        if (t.IsInteger)
        {
            IntegerArithmetic.Divide(l, i, t, false);
        }
        else
        {
            FloatArithmetic.Divide(l, i, m, t);
        }
    }

    public static void Remainder(Lowering l, PtxInstruction i, Modifiers m) => IntegerArithmetic.Divide(l, i, m.Type(), true);

    public static void Minimum(Lowering l, PtxInstruction i, Modifiers m) => Extreme(l, i, m, false);

    public static void Maximum(Lowering l, PtxInstruction i, Modifiers m) => Extreme(l, i, m, true);

    public static void Negate(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        if (t.IsInteger)
        {
            IntegerArithmetic.Negate(l, i, t);
        }
        else if (IsHalf(t))
        {
            HalfArithmetic.Sign(l, i, m, t, false);
        }
        else
        {
            FloatArithmetic.Negate(l, i, m, t);
        }
    }

    public static void Absolute(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        if (t.IsInteger)
        {
            IntegerArithmetic.Absolute(l, i, t);
        }
        else if (IsHalf(t))
        {
            HalfArithmetic.Sign(l, i, m, t, true);
        }
        else
        {
            FloatArithmetic.Absolute(l, i, m, t);
        }
    }

    private static bool IsHalf(PtxType t) => t.Bytes / t.Packed == 2;

    private static void Sum(Lowering l, PtxInstruction i, Modifiers m, bool subtract)
    {
        PtxType t = m.Type();
        if (t.IsInteger)
        {
            IntegerArithmetic.Sum(l, i, m, t, subtract);
        }
        else if (IsHalf(t))
        {
            HalfArithmetic.Two(l, i, m, t, subtract ? (a, b) => a - b : (a, b) => a + b);
        }
        else if (subtract)
        {
            FloatArithmetic.Subtract(l, i, m, t);
        }
        else
        {
            FloatArithmetic.Add(l, i, m, t);
        }
    }

    private static void Extreme(Lowering l, PtxInstruction i, Modifiers m, bool maximum)
    {
        PtxType t = m.Type();
        if (t.IsInteger)
        {
            IntegerArithmetic.Extreme(l, i, t, maximum);
        }
        else if (IsHalf(t))
        {
            HalfArithmetic.Extreme(l, i, m, t, maximum);
        }
        else if (maximum)
        {
            FloatArithmetic.Maximum(l, i, m, t);
        }
        else
        {
            FloatArithmetic.Minimum(l, i, m, t);
        }
    }
}
