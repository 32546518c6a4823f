using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Left shift of 64-bit lanes by the counts of 32-bit lanes spread to 64 bits; beyond the width 0.</summary>
internal static class WideShifts
{
    public static ulong Left(ulong a, ulong n) => (uint)n > 63 ? 0 : a << (int)n;

    public static ulong Right(ulong a, ulong n) => (uint)n > 63 ? 0 : a >> (int)n;

    public static ulong RightSigned(ulong a, ulong n) => (ulong)((long)a >> (int)Math.Min((uint)n, 63));
}

/// <summary>Bit by bit: the lookup table's entry at the bits of a, b and c. The table is the third operand's neighbour, given by the step.</summary>
internal static class Lookup
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, int table)
    {
        Vector512<uint> result = Vector512<uint>.Zero;
        for (int entry = 0; entry < 8; entry++)
        {
            if ((table >> entry & 1) != 0)
            {
                Vector512<uint> term = (entry & 4) != 0 ? a : ~a;
                term &= (entry & 2) != 0 ? b : ~b;
                term &= (entry & 1) != 0 ? c : ~c;
                result |= term;
            }
        }

        return result;
    }
}
