using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace RewardForcing.Native.CudaSim.Instructions;

// Operators on integer lanes. 16-bit values live in 32-bit lanes with zeros above; Low16 and Wide16 keep that so.
internal readonly struct AddInteger<T> : IBinary<T>
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => a + b;
}

internal readonly struct SubtractInteger<T> : IBinary<T>
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => a - b;
}

internal readonly struct MultiplyLow<T> : IBinary<T>
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => a * b;
}

internal readonly struct MultiplyAddLow<T> : ITernary<T>
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b, Vector512<T> c) => (a * b) + c;
}

internal readonly struct Minimum<T> : IBinary<T>
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => Vector512.Min(a, b);
}

internal readonly struct Maximum<T> : IBinary<T>
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => Vector512.Max(a, b);
}

internal readonly struct NegateInteger<T> : IUnary<T>
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Apply(Vector512<T> a) => Vector512<T>.Zero - a;
}

internal readonly struct AbsoluteInteger<T> : IUnary<T>
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Apply(Vector512<T> a) => Vector512.ConditionalSelect(Vector512.LessThan(a, Vector512<T>.Zero), Vector512<T>.Zero - a, a);
}

internal readonly struct AndBits<T> : IBinary<T>
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => a & b;
}

internal readonly struct OrBits<T> : IBinary<T>
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => a | b;
}

internal readonly struct XorBits<T> : IBinary<T>
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => a ^ b;
}

internal readonly struct NotBits<T> : IUnary<T>
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Apply(Vector512<T> a) => ~a;
}

internal readonly struct Copy<T> : IUnary<T>
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Apply(Vector512<T> a) => a;
}

/// <summary>The low 16 bits of an operator on 32-bit lanes.</summary>
internal readonly struct Low16<TOp> : IBinary<uint>
    where TOp : struct, IBinary<uint>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => TOp.Apply(a, b) & Vector512.Create(0xFFFFu);
}

/// <summary>The low 16 bits of an operator on one 32-bit lane.</summary>
internal readonly struct Low16Unary<TOp> : IUnary<uint>
    where TOp : struct, IUnary<uint>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a) => TOp.Apply(a) & Vector512.Create(0xFFFFu);
}

/// <summary>A 32-bit signed operator on sign-extended 16-bit values.</summary>
internal readonly struct Signed16<TOp> : IBinary<uint>
    where TOp : struct, IBinary<int>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) =>
        TOp.Apply((a.AsInt32() << 16) >> 16, (b.AsInt32() << 16) >> 16).AsUInt32() & Vector512.Create(0xFFFFu);
}

/// <summary>High halves of 32-bit products, unsigned.</summary>
internal readonly struct MultiplyHighUnsigned : IBinary<uint>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b)
    {
        Vector512<ulong> low = Vector512.Create(0xFFFFFFFFul), x = a.AsUInt64(), y = b.AsUInt64();
        Vector512<ulong> even = ((x & low) * (y & low)) >> 32, odd = (x >> 32) * (y >> 32);
        return (even | (odd & ~low)).AsUInt32();
    }
}

/// <summary>High halves of 32-bit products, signed.</summary>
internal readonly struct MultiplyHighSigned : IBinary<uint>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b)
    {
        Vector512<int> x = a.AsInt32(), y = b.AsInt32();
        return MultiplyHighUnsigned.Apply(a, b) - ((x >> 31) & y).AsUInt32() - ((y >> 31) & x).AsUInt32();
    }
}

/// <summary>Left shift; a count beyond the width gives 0.</summary>
internal readonly struct ShiftLeft32 : IBinary<uint>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => Avx512F.IsSupported
        ? Avx512F.ShiftLeftLogicalVariable(a, b)
        : Avx2.IsSupported
            ? Vector512.Create(Avx2.ShiftLeftLogicalVariable(a.GetLower(), b.GetLower()), Avx2.ShiftLeftLogicalVariable(a.GetUpper(), b.GetUpper()))
            : Shifts.Each(a, b, static (x, n) => n > 31 ? 0 : x << (int)n);
}

/// <summary>Right shift with zeros; a count beyond the width gives 0.</summary>
internal readonly struct ShiftRightUnsigned32 : IBinary<uint>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => Avx512F.IsSupported
        ? Avx512F.ShiftRightLogicalVariable(a, b)
        : Avx2.IsSupported
            ? Vector512.Create(Avx2.ShiftRightLogicalVariable(a.GetLower(), b.GetLower()), Avx2.ShiftRightLogicalVariable(a.GetUpper(), b.GetUpper()))
            : Shifts.Each(a, b, static (x, n) => n > 31 ? 0 : x >> (int)n);
}

/// <summary>Right shift with the sign; a count beyond the width gives the sign.</summary>
internal readonly struct ShiftRightSigned32 : IBinary<uint>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => Avx512F.IsSupported
        ? Avx512F.ShiftRightArithmeticVariable(a.AsInt32(), b).AsUInt32()
        : Avx2.IsSupported
            ? Vector512.Create(
                Avx2.ShiftRightArithmeticVariable(a.AsInt32().GetLower(), b.GetLower()).AsUInt32(),
                Avx2.ShiftRightArithmeticVariable(a.AsInt32().GetUpper(), b.GetUpper()).AsUInt32())
            : Shifts.Each(a, b, static (x, n) => (uint)((int)x >> (int)Math.Min(n, 31)));
}

/// <summary>Shifts without vector instructions.</summary>
internal static class Shifts
{
    public static Vector512<uint> Each(Vector512<uint> a, Vector512<uint> b, Func<uint, uint, uint> shift)
    {
        Span<uint> values = stackalloc uint[16], counts = stackalloc uint[16];
        a.CopyTo(values);
        b.CopyTo(counts);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = shift(values[i], counts[i]);
        }

        return Vector512.Create<uint>(values);
    }
}
