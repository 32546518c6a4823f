namespace RewardForcing.Native.KernelLab.Conformance.Making;

/// <summary>Asynchronous copies and the barriers in memory that count them (PTX ISA 9.7.9 and 9.7.13), with the fences that go with them.</summary>
internal static class CopyCases
{
    private const int Warp = 32;

    // Waits for the end of the phase of parity 0.
    private static readonly string[] Await = ["AGAIN:", "mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r2], 0;", "@%p2 bra OVER;", "bra AGAIN;", "OVER:"];
    private static readonly string[] AwaitForms = ["mbarrier.init.shared::cta.b64", "fence.mbarrier_init.release.cluster", "fence.proxy.async.shared::cta", "mbarrier.arrive.expect_tx.shared::cta.b64", "mbarrier.try_wait.parity.shared::cta.b64"];

    /// <summary>Makes the family.</summary>
    public static ConformanceFile Make()
    {
        CaseFamily family = new(
            "copy", "Asynchronous copies: the bytes of the source; zeros beyond a source's size and outside of a tensor; boxes innermost first, 16-byte pieces exchanged as the ISA's swizzle tables say.");
        family.Set("words", "b32", Enumerable.Range(0, 8 * Warp).Select(static i => (ulong)(0x9E3779B9L * (i + 1)) & uint.MaxValue));
        Small(family);
        Groups(family);
        Barriers(family);
        Bulk(family);
        Boxes(family);
        foreach (int swizzle in (int[])[0, 32, 64, 128])
        {
            Store(family, swizzle, adds: false);
        }

        Store(family, 0, adds: true);
        Registers(family);
        return family.Done();
    }

    // Each thread brings a piece, and takes the first word of its neighbour's.
    private static void Small(CaseFamily family)
    {
        foreach ((string cache, int bytes, int size) in (ReadOnlySpan<(string, int, int)>)[("ca", 4, 4), ("ca", 8, 8), ("ca", 16, 16), ("cg", 16, 16), ("cg", 16, 4), ("cg", 16, 0), ("ca", 8, 4)])
        {
            bool cut = size != bytes;
            ulong[] want = [.. Enumerable.Range(0, Warp).SelectMany(i => Enumerable.Range(0, bytes / 4).Select(word => 4 * word < size ? family.Values("words")[((i ^ 1) * bytes / 4) + word] : 0))];
            string form = $"cp.async.{cache}.shared.global";
            family.Add(new ConformanceCase($"{form} of {bytes} bytes, {size} there", new ResultRule("b32"), new ValueSet("b32", want),
                ["mov.u32 %r1, space;", $"mad.lo.u32 %r2, %lane, {bytes}, %r1;", $"mad.wide.u32 %x1, %lane, {bytes}, %at_a;", .. cut ? (string[])[$"mov.u32 %r9, {size};"] : [],
                    $"{form} [%r2], [%x1], {bytes}{(cut ? ", %r9" : string.Empty)};", "cp.async.commit_group;", "cp.async.wait_group 0;", "bar.sync 0;", $"xor.b32 %r2, %r2, {bytes};", $"mad.wide.u32 %x2, %lane, {bytes}, %at_d;",
                    .. Enumerable.Range(0, bytes / 4).SelectMany(word => (string[])[$"ld.shared.b32 %r3, [%r2+{4 * word}];", $"st.global.b32 [%x2+{4 * word}], %r3;"])])
            {
                StoresLane = false,
                SharedBytes = bytes * Warp,
                Inputs = [new("array", "words")],
                Covers = ["cp.async.commit_group", "cp.async.wait_group"],
            });
        }
    }

    private static void Groups(CaseFamily family)
    {
        foreach (string wait in (string[])["cp.async.wait_group 1;", "cp.async.wait_all;"])
        {
            family.Add(new ConformanceCase($"{wait.Split(' ')[0].TrimEnd(';')} of two groups", new ResultRule("b32"), new ValueSet("b32", [.. family.Values("words").Take(Warp)]),
                ["mov.u32 %r1, space;", "mad.lo.u32 %r2, %lane, 4, %r1;", "mad.wide.u32 %x1, %lane, 4, %at_a;", "cp.async.ca.shared.global [%r2], [%x1], 4;", "cp.async.commit_group;",
                    "cp.async.ca.shared.global [%r2+128], [%x1+128], 4;", "cp.async.commit_group;", wait, "ld.shared.b32 %d, [%r2];", "cp.async.wait_all;"])
            {
                SharedBytes = 8 * Warp,
                Inputs = [new("array", "words")],
            });
        }
    }

    private static void Barriers(CaseFamily family)
    {
        string[] begin = ["mov.u32 %r1, space;", "add.u32 %r2, %r1, 256;", "setp.eq.u32 %p1, %lane, 0;", "@%p1 mbarrier.init.shared::cta.b64 [%r2], 64;", "fence.mbarrier_init.release.cluster;", "bar.sync 0;", "mad.lo.u32 %r3, %lane, 4, %r1;"];
        string[] read = ["xor.b32 %r3, %r3, 252;", "ld.shared.b32 %d, [%r3];"];
        ulong[] reversed = [.. Enumerable.Range(0, 2 * Warp).Select(i => family.Values("words")[63 - i])];
        void Add(string name, string[] middle, string type, ulong[] want, string[] end, string[] covers) =>
            family.Add(new ConformanceCase(name, new ResultRule(type), new ValueSet(type, want), [.. begin, .. middle, .. end])
            {
                Target = "sm_90",
                Threads = 2 * Warp,
                SharedBytes = 264,
                Inputs = [new("lane", "words")],
                Covers = covers,
            });
        Add("mbarrier.arrive.shared::cta.b64", ["st.shared.b32 [%r3], %a;", "mbarrier.arrive.shared::cta.b64 _, [%r2];", .. Await], "b32", reversed, read, ["mbarrier.init.shared::cta.b64", "mbarrier.try_wait.parity.shared::cta.b64", "fence.mbarrier_init.release.cluster"]);

        // A new barrier is in phase 0: the phase before it is over, phase 0 itself is not, until everybody has arrived.
        Add("mbarrier.test_wait.parity.shared::cta.b64 of the phase before", ["mbarrier.test_wait.parity.shared::cta.b64 %d, [%r2], 1;"], "pred", [.. Enumerable.Repeat(1UL, 64)], [], []);
        Add("mbarrier.test_wait.parity.shared::cta.b64 of an open phase", ["mbarrier.test_wait.parity.shared::cta.b64 %d, [%r2], 0;"], "pred", new ulong[64], [], []);
        Add("mbarrier.arrive.shared::cta.b64 of one for all", ["st.shared.b32 [%r3], %a;", "bar.sync 0;", "@%p1 mbarrier.arrive.shared::cta.b64 _, [%r2], 64;", .. Await], "b32", reversed, read, []);
    }

    private static void Bulk(CaseFamily family)
    {
        family.Add(new ConformanceCase(
            "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes", new ResultRule("b32"), new ValueSet("b32", [.. family.Values("words").Take(4 * Warp)]),
            [.. Begin(512), "@%p1 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%at_a], 512, [%r2];", .. Await, .. Out(128)])
        {
            Target = "sm_90",
            Threads = 4 * Warp,
            StoresLane = false,
            SharedBytes = 520,
            Inputs = [new("array", "words")],
            Covers = AwaitForms,
        });
        family.Add(new ConformanceCase(
            "cp.async.bulk.global.shared::cta.bulk_group", new ResultRule("b32"), new ValueSet("b32", [.. family.Values("words").Take(4 * Warp)]),
            ["mov.u32 %r1, space;", "mad.lo.u32 %r3, %lane, 4, %r1;", "st.shared.b32 [%r3], %a;", "fence.proxy.async.shared::cta;", "bar.sync 0;", "setp.ne.u32 %p1, %lane, 0;", "@%p1 bra OVER;",
                "cp.async.bulk.global.shared::cta.bulk_group [%at_d], [%r1], 512;", "cp.async.bulk.commit_group;", "cp.async.bulk.wait_group 0;", "OVER:"])
        {
            Target = "sm_90",
            Threads = 4 * Warp,
            StoresLane = false,
            SharedBytes = 512,
            Inputs = [new("lane", "words")],
            Covers = ["cp.async.bulk.commit_group", "cp.async.bulk.wait_group"],
        });
    }

    // Thread 0 makes a barrier behind the data and announces the bytes.
    private static string[] Begin(int bytes) =>
    [
        "mov.u32 %r1, space;", $"add.u32 %r2, %r1, {bytes};", "setp.eq.u32 %p1, %lane, 0;", "@%p1 mbarrier.init.shared::cta.b64 [%r2], 1;", "fence.mbarrier_init.release.cluster;",
        "fence.proxy.async.shared::cta;", "bar.sync 0;", $"@%p1 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r2], {bytes};",
    ];

    private static string[] Out(int words) =>
    [
        "mad.lo.u32 %r3, %lane, 4, %r1;", "mad.wide.u32 %x2, %lane, 4, %at_d;",
        .. Enumerable.Range(0, words / 128).SelectMany(static i => (string[])[$"ld.shared.b32 %r4, [%r3+{512 * i}];", $"st.global.b32 [%x2+{512 * i}], %r4;"]),
    ];

    private static void Boxes(CaseFamily family)
    {
        foreach ((int[] extents, int[] box, int[] at, int swizzle, string element) in (ReadOnlySpan<(int[], int[], int[], int, string)>)[
            ([200], [128], [100], 0, "f32"), ([40, 6], [32, 4], [-3, 4], 0, "f32"), ([40, 20], [32, 16], [8, 2], 128, "f32"), ([40, 20], [16, 16], [-4, 9], 64, "f32"), ([40, 20], [8, 16], [4, 0], 32, "f32"),
            ([64, 20], [64, 8], [0, 3], 128, "bf16"), ([24, 5, 4], [16, 4, 2], [4, -1, 1], 64, "f32"), ([12, 4, 3, 3], [8, 4, 2, 2], [2, 1, -1, 2], 0, "f32"), ([8, 3, 3, 3, 3], [8, 2, 2, 2, 2], [0, 2, 1, -1, 2], 32, "f32")])
        {
            Box(family, extents, box, at, swizzle, element);
        }
    }

    private static void Box(CaseFamily family, int[] extents, int[] box, int[] at, int swizzle, string element)
    {
        int width = ValueSet.WidthOf(element), count = extents.Aggregate(1, static (product, extent) => product * extent), elements = box.Aggregate(1, static (product, extent) => product * extent);
        string source = family.Set($"tensor_{element}_{string.Join('x', extents)}", $"b{8 * width}", Enumerable.Range(1, count).Select(i => (ulong)i & Samples.Mask(8 * width)));
        ulong[] want = new ulong[elements];
        for (int i = 0; i < elements; i++)
        {
            (int rest, int index, int stride) = (i, 0, 1);
            bool inside = true;
            for (int d = 0; d < box.Length; d++)
            {
                int place = at[d] + (rest % box[d]);
                rest /= box[d];
                inside &= place >= 0 && place < extents[d];
                index += place * stride;
                stride *= extents[d];
            }

            want[Swizzled(i * width, swizzle) / width] = inside ? family.Values(source)[index] : 0;
        }

        string form = $"cp.async.bulk.tensor.{box.Length}d.shared::cluster.global.mbarrier::complete_tx::bytes";
        string[] coordinates = [.. at.Select(static (place, d) => $"mov.s32 %r{10 + d}, {place};")];
        family.Add(new ConformanceCase(
            $"{form} of {element}, {string.Join('x', box)} at {string.Join(' ', at)}, swizzle {swizzle}", new ResultRule($"b{8 * width}"), new ValueSet($"b{8 * width}", want),
            [.. Begin(elements * width), .. coordinates, "mov.b64 %x4, a;", "cvta.param.u64 %x4, %x4;", $"@%p1 {form} [%r1], [%x4, {{{string.Join(", ", at.Select(static (_, d) => $"%r{10 + d}"))}}}], [%r2];", .. Await, .. Out(elements * width / 4)])
        {
            Target = "sm_90a",
            Threads = 4 * Warp,
            StoresLane = false,
            SharedBytes = (elements * width) + 8,
            Covers = AwaitForms,
            Inputs = [new("map", source) { Element = element switch { "f32" => "Float32", "bf16" => "BFloat16", _ => "UInt8" }, Extents = extents, Box = box, Swizzle = swizzle }],
        });
    }

    // A box of which two lines and four columns lie outside goes to a result that was all ones; added to those, one less comes out.
    private static void Store(CaseFamily family, int swizzle, bool adds)
    {
        const int Columns = 16, Lines = 12;
        int wide = swizzle == 0 ? 16 : swizzle / 4, high = 128 / wide, x = wide == Columns ? -4 : Columns - wide + 4, y = Lines - high + 2;
        (x, y) = wide > Columns ? (-4, y) : (x, y);
        ulong[] want = [.. Enumerable.Repeat((ulong)uint.MaxValue, Columns * Lines)];
        for (int i = 0; i < wide * high; i++)
        {
            (int column, int line) = (x + (i % wide), y + (i / wide));
            if (column is >= 0 and < Columns && line is >= 0 and < Lines)
            {
                ulong value = family.Values("words")[Swizzled(4 * i, swizzle) / 4];
                want[(line * Columns) + column] = adds ? (value + uint.MaxValue) & uint.MaxValue : value;
            }
        }

        string form = adds ? "cp.reduce.async.bulk.tensor.2d.global.shared::cta.add.bulk_group" : "cp.async.bulk.tensor.2d.global.shared::cta.bulk_group";
        family.Add(new ConformanceCase($"{form} of {wide}x{high} at {x} {y}, swizzle {swizzle}", new ResultRule("b32"), new ValueSet("b32", want),
            ["mov.u32 %r1, space;", "mad.lo.u32 %r3, %lane, 4, %r1;", "st.shared.b32 [%r3], %a;", "fence.proxy.async.shared::cta;", "bar.sync 0;", "setp.ne.u32 %p1, %lane, 0;", "@%p1 bra OVER;", $"mov.s32 %r10, {x};", $"mov.s32 %r11, {y};",
                "mov.b64 %x4, b;", "cvta.param.u64 %x4, %x4;", $"{form} [%x4, {{%r10, %r11}}], [%r1];", "cp.async.bulk.commit_group;", "cp.async.bulk.wait_group 0;", "OVER:"])
        {
            Target = "sm_90a",
            Threads = 4 * Warp,
            StoresLane = false,
            SharedBytes = 512,
            Covers = ["cp.async.bulk.commit_group", "cp.async.bulk.wait_group"],
            Inputs = [new("lane", "words"), new("map", ConformanceInput.Result) { Element = "UInt32", Extents = [Columns, Lines], Box = [wide, high], Swizzle = swizzle }],
        });
    }

    /// <summary>Where a byte of a pattern goes: the number of its 16-byte piece is exchanged with that of its line.</summary>
    /// <param name="place">Place without a swizzle.</param>
    /// <param name="swizzle">Bytes of the swizzle: 32, 64, 128; 0 for none.</param>
    public static int Swizzled(int place, int swizzle)
    {
        if (swizzle == 0)
        {
            return place;
        }

        // Lines are 128 bytes; with narrower swizzles, two or four of them hold the eight rows of a pattern.
        int pieces = swizzle / 16, piece = place / 16, line = place / 128;
        return ((piece ^ (line % 8 & (pieces - 1))) * 16) + (place % 16);
    }

    private static void Registers(CaseFamily family)
    {
        ulong[] want = [.. Enumerable.Range(0, 4 * Warp).Select(static i => (ulong)i + 1)];
        family.Add(new ConformanceCase("setmaxnreg.dec.sync.aligned.u32", new ResultRule("b32"), new ValueSet("b32", want), ["add.u32 %d, %lane, 1;", "setmaxnreg.dec.sync.aligned.u32 24;", "setmaxnreg.inc.sync.aligned.u32 32;"])
        {
            Target = "sm_90a",
            Threads = 4 * Warp,
            Covers = ["setmaxnreg.inc.sync.aligned.u32"],
        });
        foreach (string fence in (string[])["membar.cta", "membar.gl", "membar.sys", "fence.acq_rel.cta", "fence.acq_rel.gpu", "fence.sc.gpu"])
        {
            family.Add(new ConformanceCase(fence, new ResultRule("b32"), new ValueSet("b32", [.. family.Values("words").Take(Warp).Reverse()]),
                ["mov.u32 %r1, space;", "mad.lo.u32 %r2, %lane, 4, %r1;", "st.shared.b32 [%r2], %a;", fence + ";", "bar.sync 0;", "xor.b32 %r2, %r2, 124;", "ld.shared.b32 %d, [%r2];"])
            {
                SharedBytes = 4 * Warp,
                Inputs = [new("lane", "words")],
            });
        }
    }
}
