using System.Numerics;

namespace RewardForcing.Native.KernelLab.Conformance.Making;

/// <summary>Integer arithmetic, logic and shifts (PTX ISA 9.7.1, 9.7.2 and 9.7.8).</summary>
internal static class IntegerCases
{
    /// <summary>Makes the family.</summary>
    public static ConformanceFile Make()
    {
        CaseFamily family = new("integer", "Integers: the exact result by unbounded arithmetic, modulo two to the width. Divisors are never 0 or -1, whose results the ISA leaves open.");
        foreach (IntegerShape type in IntegerShape.Arithmetic)
        {
            Arithmetic(family, type);
            Shifts(family, type);
        }

        foreach (int width in (int[])[16, 32, 64])
        {
            Logic(family, width);
        }

        Fields(family);
        Predicates(family);
        Moves(family);
        return family.Done();
    }

    private static (string A, string B, string C) Inputs(CaseFamily family, int width) => (
        family.Set($"a{width}", $"b{width}", Samples.Integers(width, Samples.Place.First, width)),
        family.Set($"b{width}", $"b{width}", Samples.Integers(width, Samples.Place.Second, width)),
        family.Set($"c{width}", $"b{width}", Samples.Integers(width, Samples.Place.Third, width)));

    private static ResultRule Bits(int width) => new($"b{width}");

    private static void Arithmetic(CaseFamily family, IntegerShape type)
    {
        (string a, string b, string c) = Inputs(family, type.Width);
        string divisors = family.Set($"divisors{type.Width}", $"b{type.Width}", Samples.Divisors(type.Width, 5));
        void Two(string operation, Func<BigInteger, BigInteger, BigInteger> formula, string second = "") => family.AddLanes(
            $"{operation}.{type.Name}", Bits(type.Width), [a, second.Length > 0 ? second : b], $"{operation}.{type.Name} %d, %a, %b;", v => type.Encode(formula(type.Decode(v[0]), type.Decode(v[1]))));
        Two("add", static (x, y) => x + y);
        Two("sub", static (x, y) => x - y);
        Two("mul.lo", static (x, y) => x * y);
        Two("mul.hi", (x, y) => (x * y) >> type.Width);
        Two("min", BigInteger.Min);
        Two("max", BigInteger.Max);
        Two("div", BigInteger.Divide, divisors);
        Two("rem", BigInteger.Remainder, divisors);
        family.AddLanes(
            $"mad.lo.{type.Name}", Bits(type.Width), [a, b, c], $"mad.lo.{type.Name} %d, %a, %b, %c;", v => type.Encode((type.Decode(v[0]) * type.Decode(v[1])) + type.Decode(v[2])));
        if (type.Width < 64)
        {
            IntegerShape wide = new($"{type.Name[0]}{2 * type.Width}");
            string third = Inputs(family, wide.Width).C;
            family.AddLanes($"mul.wide.{type.Name}", Bits(wide.Width), [a, b], $"mul.wide.{type.Name} %d, %a, %b;", v => wide.Encode(type.Decode(v[0]) * type.Decode(v[1])));
            family.AddLanes(
                $"mad.wide.{type.Name}", Bits(wide.Width), [a, b, third], $"mad.wide.{type.Name} %d, %a, %b, %c;", v => wide.Encode((type.Decode(v[0]) * type.Decode(v[1])) + wide.Decode(v[2])));
        }

        if (type.IsSigned)
        {
            family.AddLanes($"neg.{type.Name}", Bits(type.Width), [a], $"neg.{type.Name} %d, %a;", v => type.Encode(-type.Decode(v[0])));
            family.AddLanes($"abs.{type.Name}", Bits(type.Width), [a], $"abs.{type.Name} %d, %a;", v => type.Encode(BigInteger.Abs(type.Decode(v[0]))));
        }
    }

    private static void Shifts(CaseFamily family, IntegerShape type)
    {
        string a = Inputs(family, type.Width).A, distance = family.Set($"distances{type.Width}", "b32", Samples.Distances(type.Width));

        // Longer distances count as the width: nothing is left, or the sign.
        int Clamped(ulong bits) => (int)Math.Min(bits, (ulong)type.Width);
        family.AddLanes($"shr.{type.Name}", Bits(type.Width), [a, distance], $"shr.{type.Name} %d, %a, %b;", v => type.Encode(type.Decode(v[0]) >> Clamped(v[1])));
        if (!type.IsSigned)
        {
            family.AddLanes($"shl.b{type.Width}", Bits(type.Width), [a, distance], $"shl.b{type.Width} %d, %a, %b;", v => type.Encode(type.Decode(v[0]) << Clamped(v[1])));
        }
    }

    private static void Logic(CaseFamily family, int width)
    {
        (string a, string b, _) = Inputs(family, width);
        ulong mask = Samples.Mask(width);
        void Two(string operation, Func<ulong, ulong, ulong> formula) =>
            family.AddLanes($"{operation}.b{width}", Bits(width), [a, b], $"{operation}.b{width} %d, %a, %b;", v => formula(v[0], v[1]) & mask);
        Two("and", static (x, y) => x & y);
        Two("or", static (x, y) => x | y);
        Two("xor", static (x, y) => x ^ y);
        family.AddLanes($"not.b{width}", Bits(width), [a], $"not.b{width} %d, %a;", v => ~v[0] & mask);
        if (width == 16)
        {
            return;
        }

        ulong Reversed(ulong bits) => Enumerable.Range(0, width).Aggregate(0UL, (sum, i) => sum | ((bits >> i & 1) << (width - 1 - i)));
        family.AddLanes($"popc.b{width}", Bits(32), [a], $"popc.b{width} %d, %a;", v => (ulong)Enumerable.Range(0, width).Count(i => (v[0] >> i & 1) != 0));
        family.AddLanes($"clz.b{width}", Bits(32), [a], $"clz.b{width} %d, %a;", v => (ulong)Enumerable.Range(0, width).TakeWhile(i => (v[0] >> (width - 1 - i) & 1) == 0).Count());
        family.AddLanes($"brev.b{width}", Bits(width), [a], $"brev.b{width} %d, %a;", v => Reversed(v[0]));
    }

    // Fields of at most 31 bits, from anywhere: only the low byte of place and length counts.
    private static void Fields(CaseFamily family)
    {
        string place = family.Set("places", "b32", Samples.Integers(5, Samples.Place.Second, 3)), length = family.Set("lengths", "b32", Samples.Integers(5, Samples.Place.Third, 4));
        foreach (int width in (int[])[32, 64])
        {
            (string a, string b, _) = Inputs(family, width);
            BigInteger Field(ulong p, ulong n) => (((BigInteger.One << (int)n) - 1) << (int)p) & ((BigInteger.One << width) - 1);
            family.Add(Insert(family, width, a, b, place, length, Field));
            family.AddLanes(
                $"bfe.u{width}", Bits(width), [a, place, length], $"bfe.u{width} %d, %a, %b, %c;", v => (ulong)((v[0] & Field(v[1], v[2])) >> (int)v[1]));
            family.AddLanes($"bfe.s{width}", Bits(width), [a, place, length], $"bfe.s{width} %d, %a, %b, %c;", v => Signed(width, v[0], (int)v[1], (int)v[2]));
        }

        string words = Inputs(family, 32).A, others = Inputs(family, 32).B, selectors = family.Set("selectors", "b32", Samples.Integers(16, Samples.Place.Third, 8));
        family.AddLanes("prmt.b32", Bits(32), [words, others, selectors], "prmt.b32 %d, %a, %b, %c;", v => Permuted(v[0] | (v[1] << 32), v[2]));
        family.AddLanes("lop3.b32", Bits(32), [words, others, Inputs(family, 32).C], "lop3.b32 %d, %a, %b, %c, 0x96;", v => v[0] ^ v[1] ^ v[2]);
        string distances = family.Set("distances32", "b32", Samples.Distances(32));
        foreach (string mode in (string[])["wrap", "clamp"])
        {
            int Distance(ulong bits) => mode == "wrap" ? (int)(bits & 31) : (int)Math.Min(bits, 32);
            family.AddLanes($"shf.l.{mode}.b32", Bits(32), [words, others, distances], $"shf.l.{mode}.b32 %d, %a, %b, %c;", v => (ulong)((((BigInteger)(v[0] | (v[1] << 32)) << Distance(v[2])) >> 32) & uint.MaxValue));
            family.AddLanes($"shf.r.{mode}.b32", Bits(32), [words, others, distances], $"shf.r.{mode}.b32 %d, %a, %b, %c;", v => (v[0] | (v[1] << 32)) >> Distance(v[2]) & uint.MaxValue);
        }
    }

    private static ConformanceCase Insert(CaseFamily family, int width, string a, string b, string place, string length, Func<ulong, ulong, BigInteger> field)
    {
        ulong[] want = [.. Enumerable.Range(0, CaseFamily.Lanes).Select(i =>
        {
            (ulong x, ulong y, ulong p, ulong n) = (family.Values(a)[i], family.Values(b)[i], family.Values(place)[i], family.Values(length)[i]);
            var mask = (ulong)field(p, n);
            return (y & ~mask) | ((ulong)(((BigInteger)x << (int)p) & ulong.MaxValue) & mask);
        })];
        return new ConformanceCase($"bfi.b{width}", Bits(width), new ValueSet($"b{width}", want), [$"bfi.b{width} %d, %a, %b, %c, %e;"])
        {
            Threads = CaseFamily.Lanes,
            Inputs = [.. ((string[])[a, b, place, length]).Select(static input => new ConformanceInput("lane", input))],
        };
    }

    // The sign is the field's top bit, or the number's where the field reaches beyond it.
    private static ulong Signed(int width, ulong bits, int place, int length)
    {
        if (length == 0)
        {
            return 0;
        }

        ulong sign = bits >> Math.Min(place + length - 1, width - 1) & 1;
        ulong result = 0;
        for (int i = 0; i < width; i++)
        {
            ulong bit = i < length && place + i < width ? bits >> (place + i) & 1 : sign;
            result |= bit << i;
        }

        return result;
    }

    // Each four bits choose a byte; their top bit repeats that byte's sign instead.
    private static ulong Permuted(ulong bytes, ulong selectors)
    {
        ulong result = 0;
        for (int i = 0; i < 4; i++)
        {
            ulong selector = selectors >> (4 * i) & 15, value = bytes >> (8 * (int)(selector & 7)) & 255;
            result |= ((selector & 8) == 0 ? value : (value & 128) == 0 ? 0UL : 255) << (8 * i);
        }

        return result;
    }

    private static void Predicates(CaseFamily family)
    {
        string a = family.Set("p", "pred", Enumerable.Range(0, CaseFamily.Lanes).Select(static i => (ulong)(i >> 1 & 1)));
        string b = family.Set("q", "pred", Enumerable.Range(0, CaseFamily.Lanes).Select(static i => (ulong)(i & 1)));
        ResultRule rule = new("pred");
        family.AddLanes("and.pred", rule, [a, b], "and.pred %d, %a, %b;", static v => v[0] & v[1]);
        family.AddLanes("or.pred", rule, [a, b], "or.pred %d, %a, %b;", static v => v[0] | v[1]);
        family.AddLanes("xor.pred", rule, [a, b], "xor.pred %d, %a, %b;", static v => v[0] ^ v[1]);
        family.AddLanes("not.pred", rule, [a], "not.pred %d, %a;", static v => 1 - v[0]);
        family.AddLanes("mov.pred", rule, [a], "mov.pred %d, %a;", static v => v[0]);
        family.AddLanes("mov.pred immediate", rule, [a], "mov.pred %d, -1;\nand.pred %d, %d, %a;", static v => v[0]);
    }

    private static void Moves(CaseFamily family)
    {
        string p = "p";
        foreach (string type in (string[])["b16", "u16", "s16", "b32", "u32", "s32", "f32", "b64", "u64", "s64", "f64"])
        {
            int width = int.Parse(type[1..], System.Globalization.CultureInfo.InvariantCulture);
            (string a, string b, _) = Inputs(family, width);
            family.AddLanes($"mov.{type}", Bits(width), [a], $"mov.{type} %d, %a;", static v => v[0]);
            family.AddLanes($"selp.{type}", Bits(width), [a, b, p], $"selp.{type} %d, %a, %b, %c;", static v => v[2] != 0 ? v[0] : v[1]);
        }

        (string low, string high, _) = Inputs(family, 32);
        family.AddLanes("mov.b64 pack", Bits(64), [low, high], "mov.b64 %d, {%a, %b};", static v => v[0] | (v[1] << 32));
        family.AddLanes("mov.b64 unpack", Bits(32), ["a64"], "mov.b64 {%r1, %r2}, %a;\nxor.b32 %d, %r1, %r2;", static v => (v[0] ^ (v[0] >> 32)) & uint.MaxValue);
        family.AddLanes("mov.b32 pack", Bits(32), ["a16", "b16"], "mov.b32 %d, {%a, %b};", static v => v[0] | (v[1] << 16));
        family.AddLanes("mov.b32 unpack", Bits(16), ["a32"], "mov.b32 {%h1, %h2}, %a;\nxor.b16 %d, %h1, %h2;", static v => (v[0] ^ (v[0] >> 16)) & 0xFFFF);
    }
}
