using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>
/// Steps that apply a function lane by lane, for what is too rare for vectors. Values are passed as their bits; those of less than 64 bits are
/// extended with zeros, and so are results.
/// </summary>
internal static unsafe class LaneMaps
{
    /// <summary>Adds a step for a function of one value.</summary>
    public static void Add(Lowering l, PtxType result, PtxOperand target, PtxType type, PtxOperand a, Func<ulong, ulong> function) =>
        AddColumns(l, result.Width, l.Target(target, result), type.Width, l.Source(a, type), function);

    /// <summary>Adds a step for a function of one value.</summary>
    public static void AddColumns(Lowering l, int resultWidth, int d, int width, int a, Func<ulong, ulong> function)
    {
        int number = l.AddObject(function);
        ref Operation o = ref l.Add(&One, d, a);
        (o.Object, o.Size, o.E) = (number, resultWidth, width);
    }

    /// <summary>Adds a step for a function of two values.</summary>
    public static void Add(Lowering l, PtxType result, PtxOperand target, PtxType typeA, PtxOperand a, PtxType typeB, PtxOperand b, Func<ulong, ulong, ulong> function)
    {
        int number = l.AddObject(function);
        int first = l.Source(a, typeA), second = l.Source(b, typeB);
        ref Operation o = ref l.Add(&Two, l.Target(target, result), first, second);
        (o.Object, o.Size, o.E, o.F) = (number, result.Width, typeA.Width, typeB.Width);
    }

    /// <summary>Adds a step for a function of three values.</summary>
    public static void Add(
        Lowering l, PtxType result, PtxOperand target, PtxType typeA, PtxOperand a, PtxType typeB, PtxOperand b, PtxType typeC, PtxOperand c, Func<ulong, ulong, ulong, ulong> function)
    {
        int number = l.AddObject(function);
        int first = l.Source(a, typeA), second = l.Source(b, typeB), third = l.Source(c, typeC);
        ref Operation o = ref l.Add(&Three, l.Target(target, result), first, second, third);
        (o.Object, o.Size, o.E, o.F, o.G) = (number, result.Width, typeA.Width, typeB.Width, typeC.Width);
    }

    /// <summary>Reads a lane of a column as bits.</summary>
    public static ulong Get(byte* column, int width, int lane) => width == 8 ? ((ulong*)column)[lane] : ((uint*)column)[lane];

    /// <summary>Writes a lane of a column.</summary>
    public static void Set(byte* column, int width, int lane, ulong bits)
    {
        if (width == 8)
        {
            ((ulong*)column)[lane] = bits;
        }
        else
        {
            ((uint*)column)[lane] = (uint)bits;
        }
    }

    private static Operation* One(Warp w, Operation* o)
    {
        var function = (Func<ulong, ulong>)w.Program.Objects[o->Object];
        byte* d = w.Registers + o->D, a = w.Registers + o->A;
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            Set(d, o->Size, lane, function(Get(a, o->E, lane)));
        }

        return o + 1;
    }

    private static Operation* Two(Warp w, Operation* o)
    {
        var function = (Func<ulong, ulong, ulong>)w.Program.Objects[o->Object];
        byte* d = w.Registers + o->D, a = w.Registers + o->A, b = w.Registers + o->B;
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            Set(d, o->Size, lane, function(Get(a, o->E, lane), Get(b, o->F, lane)));
        }

        return o + 1;
    }

    private static Operation* Three(Warp w, Operation* o)
    {
        var function = (Func<ulong, ulong, ulong, ulong>)w.Program.Objects[o->Object];
        byte* d = w.Registers + o->D, a = w.Registers + o->A, b = w.Registers + o->B, c = w.Registers + o->C;
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            Set(d, o->Size, lane, function(Get(a, o->E, lane), Get(b, o->F, lane), Get(c, o->G, lane)));
        }

        return o + 1;
    }
}
