using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Rounding, flushing and clamping of a float instruction.</summary>
internal sealed unsafe class FloatRules
{
    public FloatRules(Modifiers m)
    {
        Rounding = m.OneOf("rn", "rz", "rm", "rp") switch
        {
            "rz" => Rounding.Zero,
            "rm" => Rounding.Down,
            "rp" => Rounding.Up,
            _ => Rounding.NearestEven,
        };
        Flush = m.Take("ftz");
        Saturate = m.Take("sat");
    }

    public Rounding Rounding { get; }

    public bool Flush { get; }

    public bool Saturate { get; }

    /// <summary>Refuses what no kernel was seen to use.</summary>
    public void NearestOnly(PtxType type)
    {
        if (Rounding != Rounding.NearestEven || Flush || Saturate)
        {
            throw new UnknownFormException($"only .rn is there for .{type}");
        }
    }

    /// <summary>An operand.</summary>
    public float In(ulong bits)
    {
        float value = BitConverter.UInt32BitsToSingle((uint)bits);
        return Flush && float.IsSubnormal(value) ? MathF.CopySign(0, value) : value;
    }

    /// <summary>A result.</summary>
    public ulong Out(float value)
    {
        value = Flush && float.IsSubnormal(value) ? MathF.CopySign(0, value) : value;
        return float.IsNaN(value) ? 0x7FFFFFFF : BitConverter.SingleToUInt32Bits(value);
    }

    /// <summary>Adds the clamping step behind an instruction that was added.</summary>
    public void Finish(Lowering l, PtxInstruction i)
    {
        if (Saturate)
        {
            int d = l.Target(i.Operands[0], new PtxType(PtxKind.Float, 4));
            l.Add(&Vectors.Unary<float, SaturateFloat>, d, d);
        }
    }
}
