namespace RewardForcing.Native.KernelLab.Conformance.Making;

/// <summary>Matrices in a warp's registers (PTX ISA 9.7.14): <c>mma</c>, <c>ldmatrix</c>, <c>stmatrix</c>.</summary>
internal static class TensorCases
{
    private const int Warp = 32;

    /// <summary>Makes the family.</summary>
    public static ConformanceFile Make()
    {
        CaseFamily family = new(
            "tensor", "Products of small integers, exact in any order, fix where every element lies, by the ISA's fragment tables; products of random numbers, exact in binary64, are met within the bound that is stated.");
        foreach ((int k, string a, string b, string c, string target) in (ReadOnlySpan<(int, string, string, string, string)>)[
            (16, "bf16", "bf16", "f32", "sm_80"), (8, "bf16", "bf16", "f32", "sm_80"), (16, "f16", "f16", "f32", "sm_80"), (8, "f16", "f16", "f32", "sm_80"), (16, "f16", "f16", "f16", "sm_80"),
            (8, "tf32", "tf32", "f32", "sm_80"), (4, "tf32", "tf32", "f32", "sm_80"), (32, "s8", "s8", "s32", "sm_80"), (16, "s8", "s8", "s32", "sm_80"), (32, "u8", "s8", "s32", "sm_80"),
            (32, "s8", "u8", "s32", "sm_80"), (32, "u8", "u8", "s32", "sm_80"), (32, "e4m3", "e4m3", "f32", "sm_89"), (32, "e5m2", "e4m3", "f32", "sm_89")])
        {
            Product(family, k, new FactorShape(a), new FactorShape(b), c, target, small: true);
            if (k * new FactorShape(a).Bytes == 32)
            {
                Product(family, k, new FactorShape(a), new FactorShape(b), c, target, small: false);
            }
        }

        foreach (int count in (int[])[1, 2, 4])
        {
            Loads(family, count, transposed: false);
            Loads(family, count, transposed: true);
        }

        return family.Done();
    }

    /// <summary>Packs elements of a fragment: each lane's registers one after the other.</summary>
    /// <param name="registers">Registers of a lane.</param>
    /// <param name="bytes">Bytes of an element.</param>
    /// <param name="element">Bits of the element of a lane, register and number in it.</param>
    /// <param name="lanes">Lanes.</param>
    public static ulong[] Fragment(int registers, int bytes, Func<int, int, int, ulong> element, int lanes = Warp)
    {
        ulong[] words = new ulong[lanes * registers];
        for (int i = 0; i < words.Length; i++)
        {
            for (int e = 0; e < 4 / bytes; e++)
            {
                words[i] |= element(i / registers, i % registers, e) << (8 * bytes * e);
            }
        }

        return words;
    }

    private static void Product(CaseFamily family, int k, FactorShape typeA, FactorShape typeB, string accumulator, string target, bool small)
    {
        Random random = new((100 * k) + typeA.Name.Length + typeB.Name[^1] + (small ? 1 : 0));
        ulong[,] a = new ulong[16, k], b = new ulong[k, 8], c = new ulong[16, 8];
        Fill(a, () => small ? typeA.Integer(random) : typeA.Any(random));
        Fill(b, () => small ? typeB.Integer(random) : typeB.Any(random));
        FloatShape? shape = ResultRule.ShapeOf(accumulator);
        Fill(c, () => shape is null ? (uint)random.Next(-1000, 1000) : shape.Encode(ExactNumber.Of(small ? random.Next(-8, 9) : random.NextDouble())));
        double Start(int row, int column) => shape is null ? (int)c[row, column] : BitConverter.UInt64BitsToDouble(FloatShape.F64.Encode(shape.Decode(c[row, column])));
        double Sum(int row, int column) => Enumerable.Range(0, k).Sum(i => typeA.Value(a[row, i]) * typeB.Value(b[i, column])) + Start(row, column);

        // Lane 4g + t: rows g and g + 8, and of K as many elements as fit a register, from t times that on.
        int per = 4 / typeA.Bytes, perC = accumulator == "f16" ? 2 : 1, registersC = 4 / perC;
        ulong[] wordsA = Fragment(16 * k / Warp / per, typeA.Bytes, (lane, r, e) => a[(lane / 4) + (8 * (r & 1)), (lane % 4 * per) + e + ((r >> 1) * 4 * per)]);
        ulong[] wordsB = Fragment(8 * k / Warp / per, typeB.Bytes, (lane, r, e) => b[(lane % 4 * per) + e + (r * 4 * per), lane / 4]);
        (int Row, int Column) Place(int lane, int i) => ((lane / 4) + (8 * (i >> 1)), (2 * (lane % 4)) + (i & 1));
        ulong[] wordsC = Fragment(registersC, 4 / perC, (lane, r, e) => c[Place(lane, (r * perC) + e).Row, Place(lane, (r * perC) + e).Column]);
        bool exact = small || shape is null;
        ulong[] want = [.. Enumerable.Range(0, 128).Select(i => Sum(Place(i / 4, i % 4).Row, Place(i / 4, i % 4).Column)).Select(sum =>
            !exact ? BitConverter.SingleToUInt32Bits((float)sum) : shape is null ? (uint)(int)sum : shape.Encode(ExactNumber.Of(sum)))];
        ResultRule rule = exact ? new ResultRule(shape is null ? "b32" : accumulator) : new ResultRule(accumulator, 0, typeA.Bound(accumulator));
        string form = $"mma.sync.aligned.m16n8k{k}.row.col.{accumulator}.{typeA.Name}.{typeB.Name}.{accumulator}", kind = small ? "integers" : "random";
        string tag = $"{typeA.Name}_{typeB.Name}_{accumulator}_{k}_{kind}";
        (string setA, string setB, string setC) = (family.Set("a_" + tag, "b32", wordsA), family.Set("b_" + tag, "b32", wordsB), family.Set("c_" + tag, "b32", wordsC));
        (int countA, int countB) = (wordsA.Length / Warp, wordsB.Length / Warp);
        family.Add(new ConformanceCase($"{form} {kind}", rule, new ValueSet(exact ? rule.Type : "f32", want),
            [.. Load("a", 10, countA), .. Load("b", 20, countB), .. Load("c", 30, registersC), $"{form} {Names(40, registersC)}, {Names(10, countA)}, {Names(20, countB)}, {Names(30, registersC)};", .. Store(40, registersC)])
        {
            Target = target,
            StoresLane = false,
            Inputs = [new("array", setA), new("array", setB), new("array", setC)],
        });
    }

    private static void Fill(ulong[,] matrix, Func<ulong> draw)
    {
        for (int i = 0; i < matrix.GetLength(0); i++)
        {
            for (int j = 0; j < matrix.GetLength(1); j++)
            {
                matrix[i, j] = draw();
            }
        }
    }

    private static string[] Load(string input, int first, int count) =>
        [$"mad.wide.u32 %x1, %lane, {4 * count}, %at_{input};", .. Enumerable.Range(0, count).Select(i => $"ld.global.b32 %f{first + i}, [%x1+{4 * i}];")];

    private static string[] Store(int first, int count) =>
        [$"mad.wide.u32 %x2, %lane, {4 * count}, %at_d;", .. Enumerable.Range(0, count).Select(i => $"st.global.b32 [%x2+{4 * i}], %f{first + i};")];

    private static string Names(int first, int count) => $"{{{string.Join(", ", Enumerable.Range(first, count).Select(static i => $"%f{i}"))}}}";

    // Matrices of eight rows of 16 bytes; lane i gives the address of row i % 8 of matrix i / 8. Rows stand in reverse, so that addresses matter.
    private static void Loads(CaseFamily family, int count, bool transposed)
    {
        ulong Element(int matrix, int row, int column) => (ulong)((100 * matrix) + (10 * row) + column);
        string rows = family.Set($"rows{count}", "b32", Enumerable.Range(0, 32 * count).Select(i =>
        {
            (int line, int pair) = ((8 * count) - 1 - (i / 4), i % 4);
            return Element(line / 8, line % 8, 2 * pair) | (Element(line / 8, line % 8, (2 * pair) + 1) << 16);
        }));
        ulong[] want = Fragment(count, 2, (lane, matrix, e) => transposed ? Element(matrix, (2 * (lane % 4)) + e, lane / 4) : Element(matrix, lane / 4, (2 * (lane % 4)) + e));
        string kind = $"sync.aligned.m8n8.x{count}{(transposed ? ".trans" : string.Empty)}.shared.b16";
        string[] fill = ["mov.u32 %r1, space;", "mad.lo.u32 %r2, %lane, 4, %r1;", "mad.wide.u32 %x3, %lane, 4, %at_a;", .. Enumerable.Range(0, count).SelectMany(static i => (string[])[$"ld.global.b32 %r3, [%x3+{128 * i}];", $"st.shared.b32 [%r2+{128 * i}], %r3;"])];
        string[] address = [$"and.b32 %r4, %lane, {(8 * count) - 1};", $"sub.u32 %r4, {(8 * count) - 1}, %r4;", "mad.lo.u32 %r4, %r4, 16, %r1;"];
        family.Add(new ConformanceCase($"ldmatrix.{kind}", new ResultRule("b32"), new ValueSet("b32", want), [.. fill, "bar.sync 0;", .. address, $"ldmatrix.{kind} {Names(10, count)}, [%r4];", .. Store(10, count)])
        {
            StoresLane = false,
            SharedBytes = 128 * count,
            Inputs = [new("array", rows)],
        });
        string fragments = family.Set($"fragments{count}{(transposed ? "t" : string.Empty)}", "b32", want);
        family.Add(new ConformanceCase($"stmatrix.{kind}", new ResultRule("b32"), new ValueSet("b32", family.Values(rows)),
            ["mov.u32 %r1, space;", .. Load("a", 10, count), .. address, $"stmatrix.{kind} [%r4], {Names(10, count)};", "bar.sync 0;", "mad.lo.u32 %r2, %lane, 4, %r1;", "mad.wide.u32 %x3, %lane, 4, %at_d;",
                .. Enumerable.Range(0, count).SelectMany(static i => (string[])[$"ld.shared.b32 %r3, [%r2+{128 * i}];", $"st.global.b32 [%x3+{128 * i}], %r3;"])])
        {
            Target = "sm_90",
            StoresLane = false,
            SharedBytes = 128 * count,
            Inputs = [new("array", fragments)],
        });
    }
}
