using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>
/// Functions that PTX defines up to an error only: computed as exactly as binary32 allows, and disturbed in a perturbed run, the same result always alike, so that nothing
/// comes to depend on the simulator's own last bits.
/// </summary>
internal static unsafe class ApproximateMath
{
    private const int Ulps = 2;

    // tanh.approx is allowed a relative error of 2^-11, which is 2^12 units of the last place.
    private const int TanhUlps = 2048;

    private static readonly PtxType F32 = new(PtxKind.Float, 4);

    public static void Exponential(Lowering l, PtxInstruction i, Modifiers m)
    {
        bool flush = Begin(m, i);
        FloatArithmetic.One(l, i, F32, flush ? &Vectors.Unary<float, Flushed<PowerOfTwo>> : &Vectors.Unary<float, PowerOfTwo>);
        Disturb(l, i);
    }

    public static void ReciprocalSquareRoot(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        m.Take("approx");
        bool flush = m.Take("ftz");
        if (t.Bytes == 8)
        {
            LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], x => BitConverter.DoubleToUInt64Bits(1 / Math.Sqrt(BitConverter.UInt64BitsToDouble(x))));
            return;
        }

        FloatArithmetic.One(l, i, F32, flush ? &Vectors.Unary<float, Flushed<InverseRoot>> : &Vectors.Unary<float, InverseRoot>);
        Disturb(l, i);
    }

    /// <summary>lg2, sin, cos and tanh.</summary>
    public static void Scalar(Lowering l, PtxInstruction i, Modifiers m)
    {
        bool flush = Begin(m, i);
        Func<float, float> function = i.Opcode switch { "lg2" => MathF.Log2, "sin" => MathF.Sin, "cos" => MathF.Cos, _ => MathF.Tanh };
        LaneMaps.Add(l, F32, i.Operands[0], F32, i.Operands[1], bits =>
        {
            float x = BitConverter.UInt32BitsToSingle((uint)bits);
            float y = function(flush && float.IsSubnormal(x) ? MathF.CopySign(0, x) : x);
            y = flush && float.IsSubnormal(y) ? MathF.CopySign(0, y) : y;
            return float.IsNaN(y) ? 0x7FFFFFFF : BitConverter.SingleToUInt32Bits(y);
        });
        Disturb(l, i, i.Opcode == "tanh" ? TanhUlps : Ulps);
    }

    /// <summary>In a perturbed run, adds a step that moves a binary32 result by a few units of its last place.</summary>
    public static void Disturb(Lowering l, PtxInstruction i, int ulps = Ulps)
    {
        if (l.Perturb)
        {
            l.Add(&RunDisturb, l.Target(i.Operands[0], F32)).Mode = ulps;
        }
    }

    private static bool Begin(Modifiers m, PtxInstruction i)
    {
        PtxType t = m.Type();
        if (t != F32 || !m.Take("approx"))
        {
            throw new UnknownFormException($"{i.Opcode} of .{t}");
        }

        return m.Take("ftz");
    }

    private static Operation* RunDisturb(Warp w, Operation* o)
    {
        var d = (uint*)(w.Registers + o->D);
        uint seed = (uint)w.Block.Grid.Options.Seed * 0x9E3779B9;
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            uint magnitude = d[lane] & 0x7FFFFFFF;
            if (magnitude is < 0x7F7FFF00 and > 0x00800100)
            {
                long move = (Scatter(d[lane] ^ seed) % ((2 * o->Mode) + 1)) - o->Mode;
                d[lane] = (uint)Math.Max(d[lane] + move, d[lane] & 0x80000000);
            }
        }

        return o + 1;
    }

    // A function of the result alone: hardware is not exact either, but it gives the same for the same.
    private static long Scatter(uint bits)
    {
        bits = (bits ^ (bits >> 16)) * 0x85EBCA6B;
        bits = (bits ^ (bits >> 13)) * 0xC2B2AE35;
        return bits ^ (bits >> 16);
    }

    /// <summary>2^x: whole part into the exponent, the rest by its Taylor series, of which seven terms reach the last place for |x| of at most 1/2.</summary>
    private readonly struct PowerOfTwo : IUnary<float>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Apply(Vector512<float> a)
        {
            Vector512<float> x = Vector512.Min(Vector512.Max(a, Vector512.Create(-151f)), Vector512.Create(129f));
            Vector512<float> whole = Vector512.Round(x);
            Vector512<float> rest = x - whole;
            Vector512<float> p = Vector512.Create(1.5252733804059841e-5f);
            p = Vector512.FusedMultiplyAdd(p, rest, Vector512.Create(1.5403530393381610e-4f));
            p = Vector512.FusedMultiplyAdd(p, rest, Vector512.Create(1.3333558146428443e-3f));
            p = Vector512.FusedMultiplyAdd(p, rest, Vector512.Create(9.6181291076284772e-3f));
            p = Vector512.FusedMultiplyAdd(p, rest, Vector512.Create(5.5504108664821580e-2f));
            p = Vector512.FusedMultiplyAdd(p, rest, Vector512.Create(2.4022650695910071e-1f));
            p = Vector512.FusedMultiplyAdd(p, rest, Vector512.Create(6.9314718055994531e-1f));
            p = Vector512.FusedMultiplyAdd(p, rest, Vector512<float>.One);

            // Two factors: 2^-151 to 2^129 is more than one exponent holds.
            Vector512<int> n = Vector512.ConvertToInt32(whole);
            Vector512<int> half = n >> 1;
            Vector512<float> result = p * ((half + Vector512.Create(127)) << 23).AsSingle() * ((n - half + Vector512.Create(127)) << 23).AsSingle();
            return Vector512.ConditionalSelect(Vector512.Equals(a, a), result, Vector512.Create(0x7FFFFFFFu).AsSingle());
        }
    }

    private readonly struct InverseRoot : IUnary<float>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Apply(Vector512<float> a) => FloatLanes.Canonical(Vector512<float>.One / Vector512.Sqrt(a));
    }
}
