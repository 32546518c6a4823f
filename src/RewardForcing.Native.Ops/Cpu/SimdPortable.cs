using System.Numerics;
using System.Runtime.CompilerServices;

namespace RewardForcing.Native.Ops;

/// <summary>However many lanes <see cref="Vector{T}"/> has: Arm, and x64 without AVX2.</summary>
internal readonly unsafe struct SimdPortable : ISimd<Vector<float>>
{
    public static int Width => Vector<float>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Load(float* source) => Vector.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector<float> value, float* target) => value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Create(float value) => new(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Add(Vector<float> left, Vector<float> right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Subtract(Vector<float> left, Vector<float> right) => left - right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Multiply(Vector<float> left, Vector<float> right) => left * right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> MultiplyAdd(Vector<float> left, Vector<float> right, Vector<float> addend) =>
        Vector.MultiplyAddEstimate(left, right, addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Max(Vector<float> left, Vector<float> right) => Vector.MaxNative(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Round(Vector<float> value) => Vector.Round(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Scale(Vector<float> value, Vector<float> exponent) =>
        value * Vector.AsVectorSingle(Vector.ShiftLeft(Vector.ConvertToInt32Native(exponent) + new Vector<int>(127), 23));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreEqual(Vector<float> left, Vector<float> right) => Vector.EqualsAll(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> RoundToBFloat16(Vector<float> value) => Rounding.Nearest(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> SelectBetween(Vector<float> at, Vector<float> low, Vector<float> high, Vector<float> value, Vector<float> other) =>
        Vector.ConditionalSelect(Vector.GreaterThanOrEqual(at, low) & Vector.LessThan(at, high), value, other);
}
