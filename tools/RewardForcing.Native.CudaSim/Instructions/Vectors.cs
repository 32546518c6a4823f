using System.Runtime.Intrinsics;
using RewardForcing.Native.CudaSim.Execution;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>A function of one value, for a vector of lanes.</summary>
internal interface IUnary<T>
    where T : unmanaged
{
    static abstract Vector512<T> Apply(Vector512<T> a);
}

/// <summary>A function of two values, for a vector of lanes.</summary>
internal interface IBinary<T>
    where T : unmanaged
{
    static abstract Vector512<T> Apply(Vector512<T> a, Vector512<T> b);
}

/// <summary>A function of three values, for a vector of lanes.</summary>
internal interface ITernary<T>
    where T : unmanaged
{
    static abstract Vector512<T> Apply(Vector512<T> a, Vector512<T> b, Vector512<T> c);
}

/// <summary>Steps that apply a function to columns, vector by vector.</summary>
internal static unsafe class Vectors
{
    public static Operation* Unary<T, TOp>(Warp w, Operation* o)
        where T : unmanaged
        where TOp : struct, IUnary<T>
    {
        byte* r = w.Registers;
        uint mask = w.Mask;
        for (int part = 0; part < Lanes.Parts<T>(); part++)
        {
            Lanes.Store(r + o->D, part, TOp.Apply(Lanes.Load<T>(r + o->A, part)), mask);
        }

        return o + 1;
    }

    public static Operation* Binary<T, TOp>(Warp w, Operation* o)
        where T : unmanaged
        where TOp : struct, IBinary<T>
    {
        byte* r = w.Registers;
        uint mask = w.Mask;
        for (int part = 0; part < Lanes.Parts<T>(); part++)
        {
            Lanes.Store(r + o->D, part, TOp.Apply(Lanes.Load<T>(r + o->A, part), Lanes.Load<T>(r + o->B, part)), mask);
        }

        return o + 1;
    }

    public static Operation* Ternary<T, TOp>(Warp w, Operation* o)
        where T : unmanaged
        where TOp : struct, ITernary<T>
    {
        byte* r = w.Registers;
        uint mask = w.Mask;
        for (int part = 0; part < Lanes.Parts<T>(); part++)
        {
            Lanes.Store(r + o->D, part, TOp.Apply(Lanes.Load<T>(r + o->A, part), Lanes.Load<T>(r + o->B, part), Lanes.Load<T>(r + o->C, part)), mask);
        }

        return o + 1;
    }

    /// <summary>Writes a predicate: the operator gives ones where it holds.</summary>
    public static Operation* Compare<T, TOp>(Warp w, Operation* o)
        where T : unmanaged
        where TOp : struct, IBinary<T>
    {
        byte* r = w.Registers;
        uint bits = 0;
        for (int part = 0; part < Lanes.Parts<T>(); part++)
        {
            bits |= (uint)TOp.Apply(Lanes.Load<T>(r + o->A, part), Lanes.Load<T>(r + o->B, part)).ExtractMostSignificantBits() << (part * Vector512<T>.Count);
        }

        Lanes.StorePredicate(r + o->D, bits, w.Mask);
        return o + 1;
    }
}
