using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary><c>mov</c>, with packing and unpacking, and conversions between generic addresses and those of a space.</summary>
internal static unsafe class Moves
{
    private static readonly PtxType U64 = new(PtxKind.Unsigned, 8);

    public static void Move(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        if (t.Kind == PtxKind.Predicate)
        {
            int p = i.Operands[1].Kind == PtxOperandKind.Special ? l.Source(i.Operands[1], t) : l.Predicate(i.Operands[1]);
            l.Add(&Predicates.Copy, l.Target(i.Operands[0], t), p);
        }
        else if (i.Operands[1].Kind == PtxOperandKind.Vector)
        {
            Pack(l, t, i.Operands[0], i.Operands[1].Elements);
        }
        else if (i.Operands[0].Kind == PtxOperandKind.Vector)
        {
            Unpack(l, t, i.Operands[0].Elements, i.Operands[1]);
        }
        else
        {
            int a = l.Source(i.Operands[1], t);
            Copy(l, t.Width, l.Target(i.Operands[0], t), a);
        }
    }

    public static void Copy(Lowering l, int width, int d, int a) =>
        l.Add(width == 8 ? &Vectors.Unary<ulong, Copy<ulong>> : &Vectors.Unary<uint, Copy<uint>>, d, a);

    /// <summary>cvta.space: from an address in a space to a generic one; cvta.to.space: back.</summary>
    public static void ConvertAddress(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        bool back = m.Take("to");
        string space = m.OneOf("global", "const", "param", "shared", "shared::cta", "shared::cluster", "local") ?? throw new UnknownFormException("its space is missing");
        ulong window = space switch { "shared" or "shared::cta" or "shared::cluster" => MemoryMap.SharedWindow, "local" => MemoryMap.LocalWindow, _ => 0 };
        if (t.Bytes != 8)
        {
            throw new UnknownFormException("32-bit generic addresses");
        }

        int a = l.Source(i.Operands[1], t);
        l.Add(&Vectors.Binary<ulong, AddInteger<ulong>>, l.Target(i.Operands[0], t), a, l.Constant(back ? 0 - window : window, 8));
    }

    /// <summary>isspacep: whether a generic address is in a space.</summary>
    public static void IsSpace(Lowering l, PtxInstruction i, Modifiers m)
    {
        string space = m.OneOf("global", "const", "param", "param::entry", "shared", "shared::cta", "shared::cluster", "local") ?? throw new UnknownFormException("its space is missing");
        PtxSpace wanted = space[..Math.Min(space.Length, 5)] switch
        {
            "globa" => PtxSpace.Global,
            "const" => PtxSpace.Constant,
            "param" => PtxSpace.Parameter,
            "local" => PtxSpace.Local,
            _ => PtxSpace.Shared,
        };
        int column = l.Temporary(4);
        LaneMaps.AddColumns(l, 4, column, 8, l.Source(i.Operands[1], U64), address => MemoryMap.SpaceOf(address) == wanted ? 1u : 0u);
        l.Add(&Vectors.Compare<uint, Equal<uint>>, l.Target(i.Operands[0], new PtxType(PtxKind.Predicate, 0)), column, l.Constant(1, 4));
    }

    private static void Pack(Lowering l, PtxType t, PtxOperand target, IReadOnlyList<PtxOperand> parts)
    {
        var part = new PtxType(PtxKind.Bits, t.Bytes / parts.Count);
        int[] sources = [.. parts.Select(operand => l.Source(operand, part))];
        int number = l.AddObject(sources);
        ref Operation o = ref l.Add(&RunPack, l.Target(target, t));
        (o.Object, o.Size, o.Mode) = (number, t.Width, 8 * part.Bytes);
    }

    private static void Unpack(Lowering l, PtxType t, IReadOnlyList<PtxOperand> parts, PtxOperand source)
    {
        var part = new PtxType(PtxKind.Bits, t.Bytes / parts.Count);
        int a = l.Source(source, t);
        int[] targets = [.. parts.Select(operand => operand.Kind == PtxOperandKind.Sink ? -1 : l.Target(operand, part))];
        int number = l.AddObject(targets);
        ref Operation o = ref l.Add(&RunUnpack, 0, a);
        (o.Object, o.Size, o.Mode) = (number, t.Width, 8 * part.Bytes);
    }

    private static Operation* RunPack(Warp w, Operation* o)
    {
        var sources = (int[])w.Program.Objects[o->Object];
        byte* r = w.Registers;
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            ulong value = 0;
            for (int k = 0; k < sources.Length; k++)
            {
                value |= (ulong)((uint*)(r + sources[k]))[lane] << (o->Mode * k);
            }

            LaneMaps.Set(r + o->D, o->Size, lane, value);
        }

        return o + 1;
    }

    private static Operation* RunUnpack(Warp w, Operation* o)
    {
        var targets = (int[])w.Program.Objects[o->Object];
        byte* r = w.Registers;
        uint mask = o->Mode == 32 ? uint.MaxValue : (1u << o->Mode) - 1;
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            ulong value = LaneMaps.Get(r + o->A, o->Size, lane);
            for (int k = 0; k < targets.Length; k++)
            {
                if (targets[k] >= 0)
                {
                    ((uint*)(r + targets[k]))[lane] = (uint)(value >> (o->Mode * k)) & mask;
                }
            }
        }

        return o + 1;
    }
}
