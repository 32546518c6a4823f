using System.Numerics;

namespace RewardForcing.Native.KernelLab.Conformance.Making;

/// <summary>Conversions (PTX ISA 9.7.9, <c>cvt</c>).</summary>
internal static class ConvertCases
{
    private static readonly IntegerShape[] Integers = [new("s8"), new("u8"), .. IntegerShape.Arithmetic];
    private static readonly (string Name, Direction Rounding)[] ToInteger = [("rni", Direction.Nearest), ("rzi", Direction.Zero), ("rmi", Direction.Down), ("rpi", Direction.Up)];

    /// <summary>Makes the family.</summary>
    public static ConformanceFile Make()
    {
        CaseFamily family = new(
            "convert", "Conversions: integers modulo two to the width; floats rounded once from the exact value; to integers, what does not fit becomes the nearest that does, and what is not a number 0 (for 64 bits, or from binary64, only the top bit).");
        foreach (IntegerShape from in Integers)
        {
            FromInteger(family, from);
        }

        foreach (string from in (string[])["f16", "f32", "f64"])
        {
            FromFloat(family, from);
        }

        Narrow(family);
        Eight(family);
        Addresses(family);
        return family.Done();
    }

    // Registers have 16, 32 or 64 bits: 8-bit values stand in the low bits of 16.
    private static int RegisterOf(int width) => Math.Max(16, width);

    private static void FromInteger(CaseFamily family, IntegerShape from)
    {
        int width = RegisterOf(from.Width);
        string a = family.Set($"a{width}", $"b{width}", Samples.Integers(width, Samples.Place.First, width));
        foreach (IntegerShape to in Integers.Where(to => to != from))
        {
            // A result in a wider register is extended as its type says.
            IntegerShape register = new($"{to.Name[0]}{RegisterOf(to.Width)}");
            family.AddLanes($"cvt.{to.Name}.{from.Name}", new ResultRule($"b{register.Width}"), [a], $"cvt.{to.Name}.{from.Name} %d, %a;", v => register.Encode(to.Decode(to.Encode(from.Decode(v[0])))));
        }

        foreach (string to in (string[])["f16", "f32", "f64"])
        {
            FloatShape shape = ResultRule.ShapeOf(to)!;
            family.AddLanes($"cvt.rn.{to}.{from.Name}", new ResultRule(to), [a], $"cvt.rn.{to}.{from.Name} %d, %a;", v => shape.Encode(ExactNumber.Of(from.Decode(v[0]))));
        }
    }

    private static void FromFloat(CaseFamily family, string from)
    {
        FloatShape shape = ResultRule.ShapeOf(from)!;
        string a = family.Set($"a{from}", from, Samples.Floats(shape, Samples.Place.First, 41));
        foreach (IntegerShape to in IntegerShape.Arithmetic)
        {
            foreach ((string name, Direction rounding) in ToInteger)
            {
                ulong unknown = from == "f64" || to.Width == 64 ? 1UL << (to.Width - 1) : 0;
                family.AddLanes($"cvt.{name}.{to.Name}.{from}", new ResultRule($"b{to.Width}"), [a], $"cvt.{name}.{to.Name}.{from} %d, %a;", v => Integer(shape.Decode(v[0]), to, rounding, unknown));
            }
        }

        foreach ((string name, Direction rounding) in ToInteger)
        {
            family.AddLanes($"cvt.{name}.{from}.{from}", new ResultRule(from), [a], $"cvt.{name}.{from}.{from} %d, %a;", v =>
            {
                ExactNumber value = shape.Decode(v[0]);
                return value.IsInfinite || value.IsNotANumber ? v[0] : shape.Encode(ExactNumber.Finite(value.IsNegative, value.RoundedAt(0, rounding), 0));
            });
        }

        family.AddLanes($"cvt.sat.{from}.{from}", new ResultRule(from), [a], $"cvt.sat.{from}.{from} %d, %a;", v =>
        {
            ExactNumber value = shape.Decode(v[0]);
            return value.IsNotANumber || value.IsNegative ? 0 : ExactNumber.Compare(value, ExactNumber.Of(1.0)) > 0 ? shape.Encode(ExactNumber.Of(1.0)) : v[0];
        });
        foreach (string to in (string[])["f16", "f32", "f64"])
        {
            FloatShape target = ResultRule.ShapeOf(to)!;
            if (target.Bytes > shape.Bytes)
            {
                family.AddLanes($"cvt.{to}.{from}", new ResultRule(to), [a], $"cvt.{to}.{from} %d, %a;", v => target.Encode(shape.Decode(v[0])));
            }

            foreach ((string name, Direction rounding) in target.Bytes < shape.Bytes ? (ReadOnlySpan<(string, Direction)>)[("rn", Direction.Nearest), ("rz", Direction.Zero), ("rm", Direction.Down), ("rp", Direction.Up)] : [])
            {
                family.AddLanes($"cvt.{name}.{to}.{from}", new ResultRule(to), [a], $"cvt.{name}.{to}.{from} %d, %a;", v => target.Encode(shape.Decode(v[0]), rounding));
            }
        }
    }

    private static ulong Integer(ExactNumber value, IntegerShape to, Direction rounding, ulong unknown) =>
        value.IsNotANumber ? unknown
        : to.Encode(value.IsInfinite ? value.IsNegative ? to.Least : to.Most : to.Clamp(value.ToInteger(rounding)));

    // bfloat16, and two values in a word: the first operand becomes the upper half.
    private static void Narrow(CaseFamily family)
    {
        string a = "af32", b = family.Set("bf32", "f32", Samples.Floats(FloatShape.F32, Samples.Place.Second, 42));
        foreach ((string name, Direction rounding) in (ReadOnlySpan<(string, Direction)>)[("rn", Direction.Nearest), ("rz", Direction.Zero)])
        {
            family.AddLanes($"cvt.{name}.bf16.f32", new ResultRule("bf16"), [a], $"cvt.{name}.bf16.f32 %d, %a;", v => FloatShape.BF16.Encode(FloatShape.F32.Decode(v[0]), rounding));
            foreach (string type in (string[])["bf16", "f16"])
            {
                FloatShape shape = ResultRule.ShapeOf(type)!;
                ulong[] want = [.. Enumerable.Range(0, CaseFamily.Lanes).SelectMany(i => (ulong[])[shape.Encode(FloatShape.F32.Decode(family.Values(b)[i]), rounding), shape.Encode(FloatShape.F32.Decode(family.Values(a)[i]), rounding)])];
                family.Add(new ConformanceCase($"cvt.{name}.{type}x2.f32", new ResultRule(type), new ValueSet(type, want), [$"cvt.{name}.{type}x2.f32 %r1, %a, %b;", "mad.wide.u32 %at_d, %lane, 4, %at_d;", "st.global.b32 [%at_d], %r1;"])
                {
                    Threads = CaseFamily.Lanes,
                    StoresLane = false,
                    Inputs = [new("lane", a), new("lane", b)],
                });
            }
        }
    }

    // 8-bit floats come in pairs, saturated.
    private static void Eight(CaseFamily family)
    {
        string pairs = family.Set("bytes", "b16", Enumerable.Range(0, CaseFamily.Lanes).Select(static i => (ulong)((i * 0x0305) + 0x7A) & 0xFFFF));
        foreach (string type in (string[])["e4m3", "e5m2"])
        {
            FloatShape shape = ResultRule.ShapeOf(type)!;
            ulong[] narrow = [.. Enumerable.Range(0, CaseFamily.Lanes).SelectMany(i => (ulong[])[shape.Encode(FloatShape.F32.Decode(family.Values("bf32")[i]), saturate: true), shape.Encode(FloatShape.F32.Decode(family.Values("af32")[i]), saturate: true)])];
            family.Add(new ConformanceCase($"cvt.rn.satfinite.{type}x2.f32", new ResultRule(type), new ValueSet(type, narrow), [$"cvt.rn.satfinite.{type}x2.f32 %h1, %a, %b;", "mad.wide.u32 %at_d, %lane, 2, %at_d;", "st.global.b16 [%at_d], %h1;"])
            {
                Threads = CaseFamily.Lanes,
                StoresLane = false,
                Target = "sm_89",
                Inputs = [new("lane", "af32"), new("lane", "bf32")],
            });
            ulong[] wide = [.. family.Values(pairs).SelectMany(pair => (ulong[])[FloatShape.F16.Encode(shape.Decode(pair & 255)), FloatShape.F16.Encode(shape.Decode(pair >> 8))])];
            family.Add(new ConformanceCase($"cvt.rn.f16x2.{type}x2", new ResultRule("f16"), new ValueSet("f16", wide), [$"cvt.rn.f16x2.{type}x2 %r1, %a;", "mad.wide.u32 %at_d, %lane, 4, %at_d;", "st.global.b32 [%at_d], %r1;"])
            {
                Threads = CaseFamily.Lanes,
                StoresLane = false,
                Target = "sm_89",
                Inputs = [new("lane", pairs)],
            });
        }
    }

    // Parameters and global memory have the addresses that generic accesses use.
    private static void Addresses(CaseFamily family)
    {
        string a = family.Set("words", "b32", Enumerable.Range(0, CaseFamily.Lanes).Select(static i => (ulong)(0x9E3779B9L * (i + 1)) & uint.MaxValue));
        family.Add(new ConformanceCase("cvta.to.global.u64", new ResultRule("b32"), new ValueSet("b32", family.Values(a)), ["cvta.to.global.u64 %x1, %at_a;", "mad.wide.u32 %x1, %lane, 4, %x1;", "ld.global.b32 %d, [%x1];"])
        {
            Threads = CaseFamily.Lanes,
            Inputs = [new("array", a)],
            Covers = ["ld.global.b32", "mad.wide.u32"],
        });
        family.Add(new ConformanceCase("cvta.global.u64", new ResultRule("b32"), new ValueSet("b32", family.Values(a)), ["cvta.to.global.u64 %x1, %at_a;", "cvta.global.u64 %x1, %x1;", "mad.wide.u32 %x1, %lane, 4, %x1;", "ld.b32 %d, [%x1];"])
        {
            Threads = CaseFamily.Lanes,
            Inputs = [new("array", a)],
        });
        family.Add(new ConformanceCase("cvta.shared.u64", new ResultRule("b32"), new ValueSet("b32", family.Values(a)), ["mov.u64 %x1, space;", "cvta.shared.u64 %x1, %x1;", "mad.wide.u32 %x1, %lane, 4, %x1;", "st.b32 [%x1], %a;", "ld.b32 %d, [%x1];"])
        {
            Threads = CaseFamily.Lanes,
            SharedBytes = 4 * CaseFamily.Lanes,
            Inputs = [new("lane", a)],
        });
        family.Add(new ConformanceCase("cvta.param.u64", new ResultRule("b32"), new ValueSet("b32", Enumerable.Repeat(family.Values(a)[0], CaseFamily.Lanes).ToArray()), ["mov.b64 %x1, a;", "cvta.param.u64 %x1, %x1;", "ld.b32 %d, [%x1];"])
        {
            Threads = CaseFamily.Lanes,
            Target = "sm_90a",
            Inputs = [new("value", a)],
        });
    }
}
