using RewardForcing.Native.CudaSim.Execution;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Steps on predicates: one bit per lane in one word.</summary>
internal static unsafe class Predicates
{
    public static Operation* Copy(Warp w, Operation* o) => Put(w, o, *(uint*)(w.Registers + o->A));

    public static Operation* Not(Warp w, Operation* o) => Put(w, o, ~*(uint*)(w.Registers + o->A));

    public static Operation* And(Warp w, Operation* o) => Put(w, o, *(uint*)(w.Registers + o->A) & *(uint*)(w.Registers + o->B));

    public static Operation* Or(Warp w, Operation* o) => Put(w, o, *(uint*)(w.Registers + o->A) | *(uint*)(w.Registers + o->B));

    public static Operation* Xor(Warp w, Operation* o) => Put(w, o, *(uint*)(w.Registers + o->A) ^ *(uint*)(w.Registers + o->B));

    private static Operation* Put(Warp w, Operation* o, uint bits)
    {
        Lanes.StorePredicate(w.Registers + o->D, bits, w.Mask);
        return o + 1;
    }
}
