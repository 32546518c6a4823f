using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RewardForcing.Native.CudaSim.Instructions;

// Operators on binary32 lanes. A NaN that results has the bits 0x7fffffff, as PTX says.
internal static class FloatLanes
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Canonical(Vector512<float> x) => Vector512.ConditionalSelect(Vector512.Equals(x, x), x, Vector512.Create(0x7FFFFFFFu).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Flush(Vector512<float> x)
    {
        Vector512<uint> bits = x.AsUInt32();
        Vector512<uint> tiny = Vector512.Equals(bits & Vector512.Create(0x7F800000u), Vector512<uint>.Zero);
        return Vector512.ConditionalSelect(tiny, bits & Vector512.Create(0x80000000u), bits).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Saturate(Vector512<float> x)
    {
        Vector512<float> positive = Vector512.ConditionalSelect(Vector512.GreaterThan(x, Vector512<float>.Zero), x, Vector512<float>.Zero);
        return Vector512.ConditionalSelect(Vector512.LessThan(positive, Vector512<float>.One), positive, Vector512<float>.One);
    }
}

internal readonly struct AddFloat : IBinary<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => FloatLanes.Canonical(a + b);
}

internal readonly struct SubtractFloat : IBinary<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => FloatLanes.Canonical(a - b);
}

internal readonly struct MultiplyFloat : IBinary<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => FloatLanes.Canonical(a * b);
}

internal readonly struct DivideFloat : IBinary<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => FloatLanes.Canonical(a / b);
}

internal readonly struct FusedMultiplyAdd : ITernary<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b, Vector512<float> c) => FloatLanes.Canonical(Vector512.FusedMultiplyAdd(a, b, c));
}

internal readonly struct MinimumFloat : IBinary<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => FloatLanes.Canonical(Vector512.MinNumber(a, b));
}

internal readonly struct MaximumFloat : IBinary<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => FloatLanes.Canonical(Vector512.MaxNumber(a, b));
}

/// <summary>Minimum that is NaN if one of the two is.</summary>
internal readonly struct MinimumFloatOrNaN : IBinary<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => FloatLanes.Canonical(Vector512.Min(a, b));
}

/// <summary>Maximum that is NaN if one of the two is.</summary>
internal readonly struct MaximumFloatOrNaN : IBinary<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => FloatLanes.Canonical(Vector512.Max(a, b));
}

internal readonly struct NegateFloat : IUnary<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Apply(Vector512<float> a) => (a.AsUInt32() ^ Vector512.Create(0x80000000u)).AsSingle();
}

internal readonly struct AbsoluteFloat : IUnary<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Apply(Vector512<float> a) => (a.AsUInt32() & Vector512.Create(0x7FFFFFFFu)).AsSingle();
}

internal readonly struct SquareRootFloat : IUnary<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Apply(Vector512<float> a) => FloatLanes.Canonical(Vector512.Sqrt(a));
}

internal readonly struct ReciprocalFloat : IUnary<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Apply(Vector512<float> a) => FloatLanes.Canonical(Vector512<float>.One / a);
}

internal readonly struct CopyFloat : IUnary<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Apply(Vector512<float> a) => a;
}

/// <summary>An operator with subnormal values taken and given as zero.</summary>
internal readonly struct Flushed<TOp> : IUnary<float>
    where TOp : struct, IUnary<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Apply(Vector512<float> a) => FloatLanes.Flush(TOp.Apply(FloatLanes.Flush(a)));
}

/// <summary>An operator with subnormal values taken and given as zero.</summary>
internal readonly struct FlushedBinary<TOp> : IBinary<float>
    where TOp : struct, IBinary<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => FloatLanes.Flush(TOp.Apply(FloatLanes.Flush(a), FloatLanes.Flush(b)));
}

/// <summary>An operator with subnormal values taken and given as zero.</summary>
internal readonly struct FlushedTernary<TOp> : ITernary<float>
    where TOp : struct, ITernary<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b, Vector512<float> c) =>
        FloatLanes.Flush(TOp.Apply(FloatLanes.Flush(a), FloatLanes.Flush(b), FloatLanes.Flush(c)));
}

/// <summary>Clamps to 0 to 1; NaN becomes 0.</summary>
internal readonly struct SaturateFloat : IUnary<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Apply(Vector512<float> a) => FloatLanes.Saturate(a);
}

internal readonly struct AddDouble : IBinary<double>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Apply(Vector512<double> a, Vector512<double> b) => a + b;
}

internal readonly struct SubtractDouble : IBinary<double>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Apply(Vector512<double> a, Vector512<double> b) => a - b;
}

internal readonly struct MultiplyDouble : IBinary<double>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Apply(Vector512<double> a, Vector512<double> b) => a * b;
}

internal readonly struct DivideDouble : IBinary<double>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Apply(Vector512<double> a, Vector512<double> b) => a / b;
}

internal readonly struct MinimumDouble : IBinary<double>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Apply(Vector512<double> a, Vector512<double> b) => Vector512.MinNumber(a, b);
}

internal readonly struct MaximumDouble : IBinary<double>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Apply(Vector512<double> a, Vector512<double> b) => Vector512.MaxNumber(a, b);
}

internal readonly struct FusedMultiplyAddDouble : ITernary<double>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Apply(Vector512<double> a, Vector512<double> b, Vector512<double> c) => Vector512.FusedMultiplyAdd(a, b, c);
}

internal readonly struct SquareRootDouble : IUnary<double>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Apply(Vector512<double> a) => Vector512.Sqrt(a);
}
