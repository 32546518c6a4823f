using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RewardForcing.Native.CudaSim.Instructions;

internal readonly struct Equal<T> : IBinary<T>
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => Vector512.Equals(a, b);
}

internal readonly struct Less<T> : IBinary<T>
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => Vector512.LessThan(a, b);
}

internal readonly struct LessOrEqual<T> : IBinary<T>
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => Vector512.LessThanOrEqual(a, b);
}

/// <summary>Neither is NaN.</summary>
internal readonly struct Ordered<T> : IBinary<T>
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => Vector512.Equals(a, a) & Vector512.Equals(b, b);
}

/// <summary>Both are numbers, and they differ.</summary>
internal readonly struct NotEqualOrdered<T> : IBinary<T>
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => Ordered<T>.Apply(a, b) & ~Vector512.Equals(a, b);
}

/// <summary>The opposite of a comparison: true where one is NaN.</summary>
internal readonly struct Opposite<T, TOp> : IBinary<T>
    where T : unmanaged
    where TOp : struct, IBinary<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => ~TOp.Apply(a, b);
}

/// <summary>A comparison that is also true where one is NaN.</summary>
internal readonly struct UnorderedOr<T, TOp> : IBinary<T>
    where T : unmanaged
    where TOp : struct, IBinary<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => TOp.Apply(a, b) | ~Ordered<T>.Apply(a, b);
}
