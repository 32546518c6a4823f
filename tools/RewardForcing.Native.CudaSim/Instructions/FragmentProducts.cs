using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using RewardForcing.Native.CudaSim.Execution;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Splits words of two 16-bit values into two vectors of binary32.</summary>
internal interface IPair
{
    static abstract Vector512<float> Low(Vector512<uint> pairs);

    static abstract Vector512<float> High(Vector512<uint> pairs);
}

/// <summary>Pairs of bfloat16.</summary>
internal readonly struct BFloatPair : IPair
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Low(Vector512<uint> pairs) => (pairs << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> High(Vector512<uint> pairs) => (pairs & Vector512.Create(0xFFFF0000u)).AsSingle();
}

/// <summary>Pairs of binary16.</summary>
internal readonly struct HalfPair : IPair
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Low(Vector512<uint> pairs) => Widen(pairs & Vector512.Create(0xFFFFu));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> High(Vector512<uint> pairs) => Widen(pairs >> 16);

    // Exponent and fraction move to their places; 2^112 makes up for the bias, and makes subnormal values normal.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Widen(Vector512<uint> half)
    {
        Vector512<uint> magnitude = (half & Vector512.Create(0x7FFFu)) << 13;
        Vector512<uint> scaled = (magnitude.AsSingle() * Vector512.Create(5.192296858534828e33f)).AsUInt32();
        Vector512<uint> special = Vector512.GreaterThanOrEqual(magnitude, Vector512.Create(0x0F800000u));
        scaled = Vector512.ConditionalSelect(special, magnitude | Vector512.Create(0x7F800000u), scaled);
        return (scaled | ((half & Vector512.Create(0x8000u)) << 16)).AsSingle();
    }
}

/// <summary>
/// m16n8k16 of 16-bit values with AVX-512, in the lanes' own layout: for every k, the four lanes of a row of A take the element of the lane that has it,
/// and B is gathered so that lane 4g + t has columns 2t and 2t + 1.
/// </summary>
internal static unsafe class FragmentProducts
{
    public static Operation* Run<TPair>(Warp w, Operation* o)
        where TPair : struct, IPair
    {
        MatrixLoads.WholeWarp(w, o);
        byte* r = w.Registers;
        var sums = new Sums(r, o);
        for (int half = 0; half < 2; half++)
        {
            byte* upper = r + (half == 0 ? o->A : o->L), lower = r + (half == 0 ? o->K : o->M), right = r + (half == 0 ? o->B : o->N);
            Vector512<uint> a0 = Lanes.Load<uint>(upper, 0), a1 = Lanes.Load<uint>(upper, 1), e0 = Lanes.Load<uint>(lower, 0), e1 = Lanes.Load<uint>(lower, 1);
            Vector512<uint> b0 = Lanes.Load<uint>(right, 0), b1 = Lanes.Load<uint>(right, 1);
            var even = new Factors(TPair.Low(a0), TPair.Low(a1), TPair.Low(e0), TPair.Low(e1), TPair.Low(b0), TPair.Low(b1));
            var odd = new Factors(TPair.High(a0), TPair.High(a1), TPair.High(e0), TPair.High(e1), TPair.High(b0), TPair.High(b1));
            sums.Add(even, 0x00, 0);
            sums.Add(odd, 0x00, 0);
            sums.Add(even, 0x55, 1);
            sums.Add(odd, 0x55, 1);
            sums.Add(even, 0xAA, 2);
            sums.Add(odd, 0xAA, 2);
            sums.Add(even, 0xFF, 3);
            sums.Add(odd, 0xFF, 3);
        }

        sums.Store(r, o);
        return o + 1;
    }

    private readonly struct Factors(Vector512<float> a0, Vector512<float> a1, Vector512<float> e0, Vector512<float> e1, Vector512<float> b0, Vector512<float> b1)
    {
        public readonly Vector512<float> A0 = a0, A1 = a1, E0 = e0, E1 = e1, B0 = b0, B1 = b1;
    }

    private struct Sums(byte* r, Operation* o)
    {
        private Vector512<float> _c00 = Lanes.Load<float>(r + o->C, 0), _c01 = Lanes.Load<float>(r + o->C, 1);
        private Vector512<float> _c10 = Lanes.Load<float>(r + o->H, 0), _c11 = Lanes.Load<float>(r + o->H, 1);
        private Vector512<float> _c20 = Lanes.Load<float>(r + o->I, 0), _c21 = Lanes.Load<float>(r + o->I, 1);
        private Vector512<float> _c30 = Lanes.Load<float>(r + o->J, 0), _c31 = Lanes.Load<float>(r + o->J, 1);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(in Factors f, [System.Diagnostics.CodeAnalysis.ConstantExpected] byte lane, int t)
        {
            Vector512<float> x0 = Avx512F.Permute4x32(f.A0, lane), x1 = Avx512F.Permute4x32(f.A1, lane);
            Vector512<float> y0 = Avx512F.Permute4x32(f.E0, lane), y1 = Avx512F.Permute4x32(f.E1, lane);
            Vector512<int> columns = Vector512.Create(0, 8, 16, 24, 0, 8, 16, 24, 0, 8, 16, 24, 0, 8, 16, 24) + Vector512.Create(t);
            Vector512<float> even = Avx512F.PermuteVar16x32x2(f.B0, columns, f.B1), odd = Avx512F.PermuteVar16x32x2(f.B0, columns + Vector512.Create(4), f.B1);
            _c00 = Vector512.FusedMultiplyAdd(x0, even, _c00);
            _c01 = Vector512.FusedMultiplyAdd(x1, even, _c01);
            _c10 = Vector512.FusedMultiplyAdd(x0, odd, _c10);
            _c11 = Vector512.FusedMultiplyAdd(x1, odd, _c11);
            _c20 = Vector512.FusedMultiplyAdd(y0, even, _c20);
            _c21 = Vector512.FusedMultiplyAdd(y1, even, _c21);
            _c30 = Vector512.FusedMultiplyAdd(y0, odd, _c30);
            _c31 = Vector512.FusedMultiplyAdd(y1, odd, _c31);
        }

        public readonly void Store(byte* to, Operation* step)
        {
            Store(to + step->D, _c00, _c01);
            Store(to + step->E, _c10, _c11);
            Store(to + step->F, _c20, _c21);
            Store(to + step->G, _c30, _c31);
        }

        private static void Store(byte* column, Vector512<float> low, Vector512<float> high)
        {
            FloatLanes.Canonical(low).Store((float*)column);
            FloatLanes.Canonical(high).Store((float*)column + 16);
        }
    }
}
