using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Signed integers to binary32, to nearest even.</summary>
internal readonly struct FromInt32 : IUnary<uint>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a) => Vector512.ConvertToSingle(a.AsInt32()).AsUInt32();
}

/// <summary>Unsigned integers to binary32, to nearest even.</summary>
internal readonly struct FromUInt32 : IUnary<uint>
{
    // Halving keeps the lost bit, so that the rounding sees it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a)
    {
        Vector512<float> small = Vector512.ConvertToSingle(a.AsInt32());
        Vector512<float> large = Vector512.ConvertToSingle(((a >> 1) | (a & Vector512<uint>.One)).AsInt32());
        return Vector512.ConditionalSelect(Vector512.LessThan(a.AsInt32(), Vector512<int>.Zero).AsSingle(), large + large, small).AsUInt32();
    }
}

/// <summary>binary32 to bfloat16, to nearest even; every NaN becomes 0x7fff.</summary>
internal readonly struct ToBFloat : IUnary<uint>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a) => High(a) >> 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<uint> High(Vector512<uint> a)
    {
        Vector512<uint> nan = Vector512.GreaterThan(a & Vector512.Create(0x7FFFFFFFu), Vector512.Create(0x7F800000u));
        Vector512<uint> rounded = a + Vector512.Create(0x7FFFu) + ((a >> 16) & Vector512<uint>.One);
        return Vector512.ConditionalSelect(nan, Vector512.Create(0x7FFF0000u), rounded);
    }
}

/// <summary>bfloat16 to binary32.</summary>
internal readonly struct FromBFloat : IUnary<uint>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a) => a << 16;
}

/// <summary>Two binary32 to two bfloat16 in one word; the first becomes the high half.</summary>
internal readonly struct PackBFloat : IBinary<uint>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => (ToBFloat.High(a) & Vector512.Create(0xFFFF0000u)) | (ToBFloat.High(b) >> 16);
}
