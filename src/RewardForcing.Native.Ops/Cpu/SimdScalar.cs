using System.Runtime.CompilerServices;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>One lane: for machines where vectors are emulated, which is slower than plain floats.</summary>
internal readonly unsafe struct SimdScalar : ISimd<float>
{
    public static int Width => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(float* source) => *source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float value, float* target) => *target = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Create(float value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Add(float left, float right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Subtract(float left, float right) => left - right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Multiply(float left, float right) => left * right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MultiplyAdd(float left, float right, float addend) => (left * right) + addend;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(float left, float right) => left > right ? left : right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Round(float value) => MathF.Round(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Scale(float value, float exponent) => value * BitConverter.Int32BitsToSingle(((int)exponent + 127) << 23);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreEqual(float left, float right) => left == right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float RoundToBFloat16(float value) => BFloat16.Round(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float SelectBetween(float at, float low, float high, float value, float other) => at >= low && at < high ? value : other;
}
