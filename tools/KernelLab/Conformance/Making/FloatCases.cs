namespace RewardForcing.Native.KernelLab.Conformance.Making;

/// <summary>Floating-point arithmetic that the ISA defines to the bit (PTX ISA 9.7.3), and approximations by their bounds.</summary>
internal static class FloatCases
{
    private static readonly (string Name, Direction Rounding)[] Directions = [("rn", Direction.Nearest), ("rz", Direction.Zero), ("rm", Direction.Down), ("rp", Direction.Up)];

    /// <summary>Makes the family of exact instructions.</summary>
    public static ConformanceFile Make()
    {
        CaseFamily family = new("float", "Floats: the exact result by unbounded integers, rounded once as IEEE 754 says; subnormal numbers are kept; what is not a number may have any payload.");
        foreach (string type in (string[])["f32", "f64"])
        {
            Rounded(family, type);
            Selected(family, type);
        }

        foreach (string type in (string[])["f16", "bf16"])
        {
            Packed(family, type);
        }

        return family.Done();
    }

    /// <summary>Makes the family of approximations.</summary>
    public static ConformanceFile MakeApproximate()
    {
        CaseFamily family = new(
            "approximate", "Approximations: the value in binary64 by the host's library, and the largest error that the PTX ISA's tables give (9.7.3); special values as it lists them.");
        string a = family.Set("a32", "f32", Moderate(11)), positive = family.Set("positive", "f32", Moderate(12).Select(static bits => bits & 0x7FFFFFFF));
        string angles = family.Set("angles", "f32", Angles()), divisors = family.Set("divisors", "f32", Moderate(13).Select(static bits => (bits & 0x7FFFFFFF) == 0 ? 0x3F800000UL : bits));
        double Of(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);
        void One(string form, string input, double relative, double absolute, Func<double, double> formula) => family.AddLanes(
            form, new ResultRule("f32", relative, absolute), [input], $"{form} %d, %a;", v => BitConverter.DoubleToUInt64Bits(Flushed(form, formula(Flushed(form, Of(v[0]))))));
        foreach (string flush in (string[])["", ".ftz"])
        {
            One($"ex2.approx{flush}.f32", a, Math.ScaleB(1, -22), flush.Length == 0 ? Math.ScaleB(1, -149) : 0, static x => Math.Pow(2, x));
            One($"lg2.approx{flush}.f32", positive, Math.ScaleB(1, -22), Math.ScaleB(1, -22), Math.Log2);
            One($"rcp.approx{flush}.f32", divisors, Math.ScaleB(1, -23), 0, static x => 1 / x);
            One($"rsqrt.approx{flush}.f32", positive, Math.Pow(2, -22.9), 0, static x => 1 / Math.Sqrt(x));
            One($"sqrt.approx{flush}.f32", positive, Math.ScaleB(1, -23), 0, Math.Sqrt);
            One($"sin.approx{flush}.f32", angles, 0, Math.Pow(2, -20.5), Math.Sin);
            One($"cos.approx{flush}.f32", angles, 0, Math.Pow(2, -20.5), Math.Cos);
        }

        One("tanh.approx.f32", a, Math.ScaleB(1, -11), 0, Math.Tanh);
        family.AddLanes(
            "div.approx.f32", new ResultRule("f32", Math.ScaleB(1, -22), Math.ScaleB(1, -148)), [a, divisors], "div.approx.f32 %d, %a, %b;", v => BitConverter.DoubleToUInt64Bits(Of(v[0]) / Of(v[1])));
        return family.Done();
    }

    private static ulong[] Inputs(CaseFamily family, string type, Samples.Place place)
    {
        FloatShape shape = ResultRule.ShapeOf(type)!;
        return [.. family.Values(family.Set($"{"abc"[(int)place]}{type}", type, Samples.Floats(shape, place, shape.FractionBits)))];
    }

    private static void Rounded(CaseFamily family, string type)
    {
        FloatShape shape = ResultRule.ShapeOf(type)!;
        foreach (Samples.Place place in Enum.GetValues<Samples.Place>())
        {
            Inputs(family, type, place);
        }

        (string a, string b, string c) = ($"a{type}", $"b{type}", $"c{type}");
        ResultRule rule = new(type);
        void Two(string form, Func<ExactNumber, ExactNumber, ExactNumber> formula, Direction rounding) =>
            family.AddLanes(form, rule, [a, b], $"{form} %d, %a, %b;", v => shape.Encode(formula(shape.Decode(v[0]), shape.Decode(v[1])), rounding));
        void One(string form, Func<ExactNumber, ExactNumber> formula, Direction rounding) =>
            family.AddLanes(form, rule, [b], $"{form} %d, %a;", v => shape.Encode(formula(shape.Decode(v[0])), rounding));
        Two($"add.{type}", static (x, y) => ExactNumber.Add(x, y), Direction.Nearest);
        Two($"sub.{type}", static (x, y) => ExactNumber.Add(x, y.Negated()), Direction.Nearest);
        Two($"mul.{type}", ExactNumber.Multiply, Direction.Nearest);
        // The simulated device refuses other directions of binary64 when a module is loaded.
        foreach ((string name, Direction rounding) in Directions.Take(type == "f64" ? 1 : Directions.Length))
        {
            Two($"add.{name}.{type}", (x, y) => ExactNumber.Add(x, y, rounding), rounding);
            Two($"sub.{name}.{type}", (x, y) => ExactNumber.Add(x, y.Negated(), rounding), rounding);
            Two($"mul.{name}.{type}", ExactNumber.Multiply, rounding);
            Two($"div.{name}.{type}", ExactNumber.Divide, rounding);
            One($"rcp.{name}.{type}", static x => ExactNumber.Divide(ExactNumber.Of(1.0), x), rounding);
            One($"sqrt.{name}.{type}", ExactNumber.SquareRoot, rounding);
            family.AddLanes(
                $"fma.{name}.{type}", rule, [a, b, c], $"fma.{name}.{type} %d, %a, %b, %c;",
                v => shape.Encode(ExactNumber.Add(ExactNumber.Multiply(shape.Decode(v[0]), shape.Decode(v[1])), shape.Decode(v[2]), rounding), rounding));
        }
    }

    // Of two values that are not numbers none is chosen; minus zero is less than zero.
    private static void Selected(CaseFamily family, string type)
    {
        FloatShape shape = ResultRule.ShapeOf(type)!;
        ResultRule rule = new(type);
        ulong sign = 1UL << ((8 * shape.Bytes) - 1);
        ulong Chosen(ulong x, ulong y, int direction)
        {
            if (shape.IsNotANumber(x) || shape.IsNotANumber(y))
            {
                return shape.IsNotANumber(x) ? y : x;
            }

            int order = ExactNumber.Compare(shape.Decode(x), shape.Decode(y));
            order = order != 0 ? order : (y & sign).CompareTo(x & sign);
            return order * direction >= 0 ? x : y;
        }

        family.AddLanes($"min.{type}", rule, [$"a{type}", $"b{type}"], $"min.{type} %d, %a, %b;", v => Chosen(v[0], v[1], -1));
        family.AddLanes($"max.{type}", rule, [$"a{type}", $"b{type}"], $"max.{type} %d, %a, %b;", v => Chosen(v[0], v[1], 1));
        family.AddLanes($"abs.{type}", rule, [$"b{type}"], $"abs.{type} %d, %a;", v => v[0] & ~sign);
        family.AddLanes($"neg.{type}", rule, [$"b{type}"], $"neg.{type} %d, %a;", v => v[0] ^ sign);
        family.AddLanes($"copysign.{type}", rule, [$"a{type}", $"b{type}"], $"copysign.{type} %d, %a, %b;", v => (v[0] & sign) | (v[1] & ~sign));
    }

    // Two values in a word, each by itself.
    private static void Packed(CaseFamily family, string type)
    {
        FloatShape shape = ResultRule.ShapeOf(type)!;
        ulong[] a = Inputs(family, type, Samples.Place.First), b = Inputs(family, type, Samples.Place.Second), c = Inputs(family, type, Samples.Place.Third);
        ulong Fused(ulong x, ulong y, ulong z) => shape.Encode(ExactNumber.Add(ExactNumber.Multiply(shape.Decode(x), shape.Decode(y)), shape.Decode(z)));
        family.AddLanes($"fma.rn.{type}", new ResultRule(type), [$"a{type}", $"b{type}", $"c{type}"], $"fma.rn.{type} %d, %a, %b, %c;", v => Fused(v[0], v[1], v[2]));

        // The upper halves are the inputs in reverse, so that halves that are taken for each other show.
        static IEnumerable<ulong> Pairs(ulong[] values) => values.Select((low, i) => low | (values[^(i + 1)] << 16));
        string[] names = [family.Set($"pairs_a_{type}", "b32", Pairs(a)), family.Set($"pairs_b_{type}", "b32", Pairs(b)), family.Set($"pairs_c_{type}", "b32", Pairs(c))];
        ulong[] want = [.. Enumerable.Range(0, a.Length).SelectMany(i => (ulong[])[Fused(a[i], b[i], c[i]), Fused(a[^(i + 1)], b[^(i + 1)], c[^(i + 1)])])];
        family.Add(new ConformanceCase($"fma.rn.{type}x2", new ResultRule(type), new ValueSet(type, want),
            [$"fma.rn.{type}x2 %r1, %a, %b, %c;", "mad.wide.u32 %at_d, %lane, 4, %at_d;", "st.global.b32 [%at_d], %r1;"])
        {
            Threads = CaseFamily.Lanes,
            StoresLane = false,
            Inputs = [.. names.Select(static input => new ConformanceInput("lane", input))],
        });
    }

    private static double Flushed(string form, double value) =>
        form.Contains(".ftz", StringComparison.Ordinal) && Math.Abs(value) < Math.ScaleB(1, -126) ? Math.CopySign(0, value) : Overflowed(value);

    private static double Overflowed(double value) => Math.Abs(value) >= Math.ScaleB(1, 128) ? double.CopySign(double.PositiveInfinity, value) : value;

    // Between 2^-40 and 2^40, with the special values that have a result of their own.
    private static IEnumerable<ulong> Moderate(int seed)
    {
        Random random = new(seed);
        float[] special = [0f, -0f, 1f, -1f, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 0.5f, 2f, -126f, 127f, -100.5f];
        return Enumerable.Range(0, CaseFamily.Lanes).Select(i => (ulong)BitConverter.SingleToUInt32Bits(
            i < special.Length ? special[i] : i < 60 ? (random.NextSingle() - 0.5f) * 40 : (float)Math.ScaleB(random.NextDouble() - 0.5, random.Next(-40, 41))));
    }

    private static IEnumerable<ulong> Angles()
    {
        Random random = new(14);
        return Enumerable.Range(0, CaseFamily.Lanes).Select(_ => (ulong)BitConverter.SingleToUInt32Bits((random.NextSingle() - 0.5f) * 4 * MathF.PI));
    }
}
