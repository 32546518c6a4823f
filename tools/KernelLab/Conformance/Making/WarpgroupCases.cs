using System.Globalization;

namespace RewardForcing.Native.KernelLab.Conformance.Making;

/// <summary>Products of warpgroups from shared memory (PTX ISA 9.7.15).</summary>
internal static class WarpgroupCases
{
    private const int Threads = 128;
    private const int Rows = 64;

    /// <summary>Makes the family.</summary>
    public static ConformanceFile Make()
    {
        CaseFamily family = new(
            "warpgroup", "Products of warpgroups. Small integers, exact in any order, fix every layout; random numbers, exact in binary64, are met within the bound that is stated. Of those of small integers, each thread stores its sums times the numbers of their registers, from 1.");
        foreach (int n in (int[])[256, 192, 128, 96, 64, 32, 8])
        {
            Product(family, n, "bf16", "bf16", "f32", new(128, false), new(128, false), small: true);
        }

        foreach ((int swizzle, bool across) in (ReadOnlySpan<(int, bool)>)[(0, false), (32, false), (64, false), (0, true), (32, true), (64, true), (128, true)])
        {
            Product(family, 16, "bf16", "bf16", "f32", new(swizzle, across), new(swizzle, across), small: true);
        }

        Product(family, 64, "f16", "f16", "f32", new(128, true), new(64, true), small: true);
        Product(family, 128, "bf16", "bf16", "f32", new(-1, false), new(128, true), small: true);
        foreach ((string a, string b, string c) in (ReadOnlySpan<(string, string, string)>)[
            ("bf16", "bf16", "f32"), ("f16", "f16", "f32"), ("tf32", "tf32", "f32"), ("e4m3", "e4m3", "f32"), ("e5m2", "e4m3", "f32"), ("e4m3", "e5m2", "f32"), ("e5m2", "e5m2", "f32"),
            ("s8", "s8", "s32"), ("u8", "s8", "s32"), ("s8", "u8", "s32"), ("u8", "u8", "s32")])
        {
            Product(family, 8, a, b, c, new(128, false), new(32, false), small: true);
            if (a == b)
            {
                Product(family, 8, a, b, c, new(-1, false), new(64, false), small: false);
            }
        }

        Product(family, 8, "bf16", "bf16", "f32", new(128, false), new(128, false), small: true, negated: true);
        Product(family, 8, "bf16", "bf16", "f32", new(128, false), new(128, false), small: true, keeps: false);
        return family.Done();
    }

    // A swizzle of -1 stands for registers.
    private static void Product(CaseFamily family, int n, string nameA, string nameB, string accumulator, (int Swizzle, bool AcrossK) layoutA, (int Swizzle, bool AcrossK) layoutB, bool small, bool negated = false, bool keeps = true)
    {
        (FactorShape typeA, FactorShape typeB) = (new(nameA), new(nameB));
        int k = WarpgroupLayout.DepthBytes / typeA.Bytes;
        string kind = small ? "integers" : "random";
        ulong[,] a = Drawn(Rows, k, typeA, small, new Random(k + typeA.Name[0])), b = Drawn(n, k, typeB, small, new Random(7 + k + typeB.Name[^1]));
        bool registers = layoutA.Swizzle < 0;
        WarpgroupLayout placesA = new(layoutA.Swizzle, layoutA.AcrossK, Rows, typeA.Bytes), placesB = new(layoutB.Swizzle, layoutB.AcrossK, n, typeB.Bytes);
        string setA = registers ? family.Set($"registers_{nameA}_{kind}", "b32", Fragments(a, typeA)) : family.Set($"a_{nameA}_{layoutA.Swizzle}{(layoutA.AcrossK ? "t" : string.Empty)}_{kind}", "b64", Image(a, placesA));

        // Along K, fewer columns are the beginning of more: the largest comes first.
        string setB = family.Set($"b_{nameB}_{(layoutB.AcrossK ? $"{n}_" : string.Empty)}{layoutB.Swizzle}{(layoutB.AcrossK ? "t" : string.Empty)}_{kind}", "b64", Image(b, placesB));
        FloatShape? shape = ResultRule.ShapeOf(accumulator);
        bool exact = small || shape is null, summed = small && shape is not null;
        int sums = n / 2;

        // Every sum begins as the number of its register.
        double Sum(int thread, int i)
        {
            (int row, int column) = Place(thread, i);
            double product = Enumerable.Range(0, k).Sum(j => typeA.Value(a[row, j]) * typeB.Value(b[column, j]));
            return (negated ? -product : product) + (keeps ? i : 0);
        }

        IEnumerable<double> results = summed
            ? Enumerable.Range(0, Threads).Select(thread => Enumerable.Range(0, sums).Sum(i => (i + 1) * Sum(thread, i)))
            : Enumerable.Range(0, Threads * sums).Select(i => Sum(i / sums, i % sums));
        ulong[] want = [.. results.Select(sum => !exact ? BitConverter.SingleToUInt32Bits((float)sum) : shape is null ? (uint)(int)sum : shape.Encode(ExactNumber.Of(sum)))];
        ResultRule rule = exact ? new ResultRule(shape is null ? "b32" : accumulator) : new ResultRule(accumulator, 0, typeA.Bound(accumulator));
        string form = $"wgmma.mma_async.sync.aligned.m64n{n}k{k}.{accumulator}.{nameA}.{nameB}";
        string immediates = shape is null ? string.Empty : $", {(negated ? -1 : 1)}, 1" + (typeA.Bytes != 2 || typeA.Name == "tf32" ? string.Empty : (registers ? string.Empty : $", {(layoutA.AcrossK ? 1 : 0)}") + $", {(layoutB.AcrossK ? 1 : 0)}");
        int bytesA = registers ? 0 : placesA.Bytes;
        string[] factors = registers ? ["mad.wide.u32 %x1, %lane, 16, %at_a;", .. Enumerable.Range(0, 4).Select(static i => $"ld.global.b32 %f{150 + i}, [%x1+{4 * i}];")] : [.. Fill("a", 0, bytesA), .. Describe(1, placesA, 0)];
        family.Add(new ConformanceCase(
            $"{form} {kind}, A {Said(layoutA)}, B {Said(layoutB)}{(negated ? ", A negated" : string.Empty)}{(keeps ? string.Empty : ", sums begun anew")}", rule, new ValueSet(exact ? rule.Type : "f32", want),
            [.. factors, .. Fill("b", bytesA, placesB.Bytes), .. Describe(2, placesB, bytesA), "fence.proxy.async.shared::cta;", "bar.sync 0;", .. Start(accumulator, sums), $"setp.{(keeps ? "ge" : "lt")}.s32 %p1, %lane, 0;", "wgmma.fence.sync.aligned;",
                $"{form} {Names(sums)}, {(registers ? "{%f150, %f151, %f152, %f153}" : "%x11")}, %x12, %p1{immediates};", "wgmma.commit_group.sync.aligned;", "wgmma.wait_group.sync.aligned 0;", .. summed ? Weighted(sums) : Stored(sums)])
        {
            Target = "sm_90a",
            Threads = Threads,
            StoresLane = false,
            SharedBytes = bytesA + placesB.Bytes,
            Inputs = [new("array", setA), new("array", setB)],
            Covers = ["wgmma.fence.sync.aligned", "wgmma.commit_group.sync.aligned", "wgmma.wait_group.sync.aligned", "fence.proxy.async.shared::cta"],
        });
    }

    // Lane 4g + t of warp w: rows 16w + g and 8 further; columns 8j + 2t and the next.
    private static (int Row, int Column) Place(int thread, int i) => ((16 * (thread / 32)) + (thread % 32 / 4) + (8 * (i >> 1 & 1)), (8 * (i >> 2)) + (2 * (thread % 4)) + (i & 1));

    private static ulong[,] Drawn(int lines, int k, FactorShape type, bool small, Random random)
    {
        ulong[,] matrix = new ulong[lines, k];
        for (int i = 0; i < matrix.Length; i++)
        {
            matrix[i / k, i % k] = small ? type.Integer(random) : type.Any(random);
        }

        return matrix;
    }

    private static ulong[] Image(ulong[,] matrix, WarpgroupLayout layout)
    {
        byte[] image = new byte[layout.Bytes];
        for (int line = 0; line < matrix.GetLength(0); line++)
        {
            for (int k = 0; k < matrix.GetLength(1); k++)
            {
                for (int b = 0; b < layout.ElementBytes; b++)
                {
                    image[layout.Place(line, k) + b] = (byte)(matrix[line, k] >> (8 * b));
                }
            }
        }

        return [.. ValueSet.FromBytes("b64", image).Bits];
    }

    private static ulong[] Fragments(ulong[,] a, FactorShape type)
    {
        int per = 4 / type.Bytes;
        return TensorCases.Fragment(4, type.Bytes, (thread, r, e) => a[(16 * (thread / 32)) + (thread % 32 / 4) + (8 * (r & 1)), (thread % 4 * per) + e + ((r >> 1) * 4 * per)], Threads);
    }

    private static string[] Fill(string input, int start, int bytes) =>
    [
        "mov.u32 %r1, space;", $"mad.lo.u32 %r2, %lane, 16, %r1;", $"mad.wide.u32 %x1, %lane, 16, %at_{input};",
        .. bytes % 2048 != 0 ? (string[])[$"setp.lt.u32 %p2, %lane, {bytes % 2048 / 16};"] : [],
        .. Enumerable.Range(0, (bytes + 2047) / 2048).SelectMany(i =>
        {
            string guard = (i + 1) * 2048 > bytes ? "@%p2 " : string.Empty;
            return (string[])[$"{guard}ld.global.v4.b32 {{%r4, %r5, %r6, %r7}}, [%x1+{2048 * i}];", $"{guard}st.shared.v4.b32 [%r2+{start + (2048 * i)}], {{%r4, %r5, %r6, %r7}};"];
        }),
    ];

    private static string[] Describe(int number, WarpgroupLayout layout, int start) =>
    [
        $"add.u32 %r8, %r1, {start};", "shr.u32 %r8, %r8, 4;", $"cvt.u64.u32 %x1{number}, %r8;",
        string.Create(CultureInfo.InvariantCulture, $"add.u64 %x1{number}, %x1{number}, 0x{layout.Descriptor:x};"),
    ];

    private static string[] Start(string accumulator, int words) => accumulator switch
    {
        "f32" => [.. Enumerable.Range(0, words).Select(static i => $"mov.b32 %f{i}, 0x{FloatShape.F32.Encode(ExactNumber.Of((double)i)):x};")],
        _ => [.. Enumerable.Range(0, words).Select(static i => $"mov.b32 %f{i}, {i};")],
    };

    private static string Names(int words) => $"{{{string.Join(", ", Enumerable.Range(0, words).Select(static i => $"%f{i}"))}}}";

    private static string[] Stored(int words) => [$"mad.wide.u32 %x3, %lane, {4 * words}, %at_d;", .. Enumerable.Range(0, words).Select(static i => $"st.global.b32 [%x3+{4 * i}], %f{i};")];

    private static string[] Weighted(int sums) =>
        ["mov.b32 %f159, 0;", .. Enumerable.Range(0, sums).Select(static i => $"fma.rn.f32 %f159, %f{i}, 0f{FloatShape.F32.Encode(ExactNumber.Of(i + 1.0)):X8}, %f159;"), "mad.wide.u32 %x3, %lane, 4, %at_d;", "st.global.b32 [%x3], %f159;"];

    private static string Said((int Swizzle, bool AcrossK) layout) =>
        layout.Swizzle < 0 ? "in registers" : $"{(layout.Swizzle == 0 ? "without a swizzle" : $"swizzle {layout.Swizzle}")}{(layout.AcrossK ? " across K" : string.Empty)}";
}
