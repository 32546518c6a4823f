namespace RewardForcing.Native.KernelLab.Conformance.Making;

/// <summary>Control, barriers and what the lanes of a warp do together (PTX ISA 9.7.12 and 9.7.13).</summary>
internal static class WarpCases
{
    private const int Warp = 32;

    /// <summary>Makes the family.</summary>
    public static ConformanceFile Make()
    {
        CaseFamily family = new("warp", "Branches, barriers, shuffles, votes and reductions: by the ISA's pseudo-code for each lane.");
        family.Set("words", "b32", Enumerable.Range(0, 2 * Warp).Select(static i => (ulong)(0x9E3779B9L * (i + 1)) & uint.MaxValue));
        family.Set("small", "b32", Enumerable.Range(0, 2 * Warp).Select(static i => (ulong)(i * i) % 7));
        family.Set("even", "pred", Enumerable.Range(0, Warp).Select(static i => (ulong)(i & 1 ^ 1)));
        Control(family);
        Barriers(family);
        Shuffles(family);
        Votes(family);
        Reductions(family);
        return family.Done();
    }

    private static ulong[] Of(Func<int, ulong> value, int count = Warp) => [.. Enumerable.Range(0, count).Select(value)];

    private static void Add(CaseFamily family, string name, string type, ulong[] want, string code, string[]? inputs = null, string[]? covers = null, int shared = 0, string target = "sm_80") =>
        family.Add(new ConformanceCase(name, new ResultRule(type), new ValueSet(type, want), code.Split('\n'))
        {
            Threads = want.Length,
            Inputs = [.. (inputs ?? []).Select(static input => new ConformanceInput("lane", input))],
            Covers = covers ?? [],
            SharedBytes = shared,
            Target = target,
        });

    private static void Control(CaseFamily family)
    {
        // Lane i sums 1 to i in a loop that lanes leave one after the other.
        Add(family, "bra", "b32", Of(static i => (ulong)(i * (i + 1) / 2)), "mov.u32 %d, 0;\nmov.u32 %r1, %lane;\nAGAIN:\nsetp.eq.u32 %p1, %r1, 0;\n@%p1 bra OVER;\nadd.u32 %d, %d, %r1;\nsub.u32 %r1, %r1, 1;\nbra AGAIN;\nOVER:");
        Add(family, "bra.uni", "b32", Of(static i => (ulong)i + 1), "add.u32 %d, %lane, 1;\nbra.uni OVER;\nadd.u32 %d, %d, 100;\nOVER:");
        Add(family, "bra guarded by the opposite", "b32", Of(static i => i < 5 ? 7UL : 9), "setp.lt.u32 %p1, %lane, 5;\nmov.u32 %d, 7;\n@!%p1 bra OTHER;\nbra OVER;\nOTHER:\nmov.u32 %d, 9;\nOVER:");
        foreach (string leave in (string[])["ret", "exit"])
        {
            Add(family, leave, "b32", Of(static i => i < 9 ? 0xFFFFFFFF : (ulong)i), $"setp.lt.u32 %p1, %lane, 9;\n@%p1 {leave};\nmov.u32 %d, %lane;");
        }
    }

    // Every thread takes what the thread at the other end of the block has written.
    private static void Barriers(CaseFamily family)
    {
        const int Threads = 2 * Warp;
        ulong[] reversed = Of(i => family.Values("words")[Threads - 1 - i], Threads);
        const string Write = "mov.u32 %r1, space;\nmad.lo.u32 %r2, %lane, 4, %r1;\nst.shared.b32 [%r2], %a;\n";
        const string Read = "\nsub.u32 %r3, 63, %lane;\nmad.lo.u32 %r3, %r3, 4, %r1;\nld.shared.b32 %d, [%r3];";
        Add(family, "bar.sync", "b32", reversed, Write + "bar.sync 0;" + Read, ["words"], shared: 256);
        Add(family, "bar.sync of a number", "b32", reversed, Write + "bar.sync 3, 64;" + Read, ["words"], shared: 256);
        Add(family, "barrier.sync", "b32", reversed, Write + "barrier.sync 1;" + Read, ["words"], shared: 256);

        // The first warp writes and goes on; the second waits for it.
        Add(family, "bar.arrive", "b32", Of(i => family.Values("words")[i < Warp ? i : i - Warp], Threads),
            "mov.u32 %r1, space;\nmad.lo.u32 %r2, %lane, 4, %r1;\nmov.b32 %d, %a;\nsetp.ge.u32 %p1, %lane, 32;\n@%p1 bra SECOND;\nst.shared.b32 [%r2], %a;\nbar.arrive 2, 64;\nbra OVER;\nSECOND:\nbar.sync 2, 64;\nld.shared.b32 %d, [%r2+-128];\nOVER:",
            ["words"], shared: 256);
        Add(family, "bar.warp.sync", "b32", Of(i => family.Values("words")[i ^ 1]), "mov.u32 %r1, space;\nmad.lo.u32 %r2, %lane, 4, %r1;\nst.shared.b32 [%r2], %a;\nbar.warp.sync -1;\nxor.b32 %r2, %r2, 4;\nld.shared.b32 %d, [%r2];", ["words"], shared: 128);
    }

    // c holds the last lane of a segment in bits 0 to 4 and the mask of segments in bits 8 to 12.
    private static void Shuffles(CaseFamily family)
    {
        foreach ((string mode, int distance, int clamp) in (ReadOnlySpan<(string, int, int)>)[
            ("bfly", 16, 0x1F), ("bfly", 1, 0x1F), ("bfly", 5, 0x1F), ("bfly", 8, 0x181F), ("down", 3, 0x1F), ("down", 3, 0x181F), ("up", 3, 0), ("up", 3, 0x1800), ("idx", 5, 0x1F), ("idx", 5, 0x181F)])
        {
            (ulong Value, ulong Valid) Lane(int lane)
            {
                int segment = clamp >> 8, bound = clamp & 31, most = (lane & segment) | (bound & ~segment & 31), least = lane & segment;
                (int from, bool valid) = mode switch
                {
                    "up" => (lane - distance, lane - distance >= most),
                    "down" => (lane + distance, lane + distance <= most),
                    "bfly" => (lane ^ distance, (lane ^ distance) <= most),
                    _ => (least | (distance & ~segment & 31), (least | (distance & ~segment & 31)) <= most),
                };
                return (family.Values("words")[valid ? from : lane], valid ? 1UL : 0);
            }

            string form = $"shfl.sync.{mode}.b32", title = $"{form} by {distance} in {clamp:x}";
            Add(family, title, "b32", Of(lane => Lane(lane).Value), $"{form} %d, %a, {distance}, {clamp}, -1;", ["words"]);
            Add(family, title + ", whether it is there", "pred", Of(lane => Lane(lane).Valid), $"{form} %r1|%d, %a, {distance}, {clamp}, -1;", ["words"]);
        }
    }

    private static void Votes(CaseFamily family)
    {
        Add(family, "vote.sync.ballot.b32", "b32", Of(static _ => 0x55555555UL), "vote.sync.ballot.b32 %d, %a, -1;", ["even"]);
        Add(family, "vote.sync.any.pred", "pred", Of(static _ => 1UL), "vote.sync.any.pred %d, %a, -1;", ["even"]);
        Add(family, "vote.sync.all.pred", "pred", Of(static _ => 0UL), "vote.sync.all.pred %d, %a, -1;", ["even"]);
        Add(family, "vote.sync.uni.pred", "pred", Of(static _ => 0UL), "vote.sync.uni.pred %d, %a, -1;", ["even"]);
        Add(family, "activemask.b32", "b32", Of(static _ => 0xFFFFFFFFUL), "activemask.b32 %d;");
        Add(family, "match.any.sync.b32", "b32", Of(i => family.Values("small").Take(Warp).Select((value, j) => value == family.Values("small")[i] ? 1UL << j : 0).Aggregate((x, y) => x | y)), "match.any.sync.b32 %d, %a, -1;", ["small"]);
        Add(family, "elect.sync", "pred", Of(static i => i == 0 ? 1UL : 0), "elect.sync _|%d, -1;", target: "sm_90");
    }

    private static void Reductions(CaseFamily family)
    {
        ulong[] words = [.. family.Values("words").Take(Warp)];
        ulong Fold(Func<long, long, long> operation, bool signed) => (ulong)words.Select(word => signed ? (int)word : (long)word).Aggregate(operation) & uint.MaxValue;
        foreach ((string operation, string type, Func<long, long, long> formula) in (ReadOnlySpan<(string, string, Func<long, long, long>)>)[
            ("add", "u32", static (x, y) => x + y), ("add", "s32", static (x, y) => x + y), ("min", "u32", Math.Min), ("max", "u32", Math.Max), ("min", "s32", Math.Min), ("max", "s32", Math.Max),
            ("and", "b32", static (x, y) => x & y), ("or", "b32", static (x, y) => x | y), ("xor", "b32", static (x, y) => x ^ y)])
        {
            ulong sum = Fold(formula, type == "s32");
            Add(family, $"redux.sync.{operation}.{type}", "b32", Of(_ => sum), $"redux.sync.{operation}.{type} %d, %a, -1;", ["words"]);
        }
    }
}
