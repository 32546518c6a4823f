using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.Tests.Cuda;
using Xunit;

namespace RewardForcing.Native.Tests.CudaSim;

/// <summary>Control flow, barriers, atomics, calls and collectives, as NVRTC compiles them: in every mode, and without a finding.</summary>
public class ControlTests
{
    private readonly Random _random = new(5);

    public static TheoryData<string> Modes => KernelTests.Modes;

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void Wander_EveryLaneItsOwnWay_MeetsAgain(string mode)
    {
        const int Count = 700;
        using SimulatedRun run = Control(mode);
        uint[] x = [.. Enumerable.Range(0, Count).Select(_ => (uint)_random.Next(1, 3000))];
        uint[] before = [.. Enumerable.Repeat(77u, Count)];
        ulong y = run.Upload("y", before);
        LaunchReport report = run.Launch("wander", (Count + 127) / 128, 128, 0, y, run.Upload("x", x), Count);
        Assert.Empty(report.Findings);
        Assert.Equal(x.Select(value => Wander(value)), run.Memory.Read<uint>(y, Count));
        Assert.True(report.LaneInstructions > 4 * report.WarpInstructions, "lanes do not meet again");
    }

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void Histogram_OfSharedAndGlobalAtomics_CountsAll(string mode)
    {
        const int Count = 5000;
        using SimulatedRun run = Control(mode);
        uint[] x = [.. Enumerable.Range(0, Count).Select(_ => (uint)_random.Next())];
        ulong bins = run.Upload("bins", new uint[256]);
        Assert.Empty(run.Launch("histogram", 4, 128, 0, bins, run.Upload("x", x), Count).Findings);
        Assert.Equal(Enumerable.Range(0, 256).Select(bin => (uint)x.Count(value => (value & 255) == bin)), run.Memory.Read<uint>(bins, 256));
    }

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void HandOver_NamedBarrier_Orders(string mode)
    {
        using SimulatedRun run = Control(mode);
        float[] x = Values(384);
        ulong y = run.Allocate<float>("y", 384);
        Assert.Empty(run.Launch("hand_over", 3, 256, 0, y, run.Upload("x", x)).Findings);
        Assert.Equal(Enumerable.Range(0, 384).Select(i => 2 * x[i ^ 1]), run.Memory.Read<float>(y, 384));
    }

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void Exchange_TwoBarriersARound_Orders(string mode)
    {
        using SimulatedRun run = Control(mode);
        float[] x = Values(256);
        ulong y = run.Allocate<float>("y", 256);
        Assert.Empty(run.Launch("exchange", 1, 256, 0, y, run.Upload("x", x)).Findings);
        for (int round = 0; round < 2; round++)
        {
            float[] old = [.. x];
            x = [.. Enumerable.Range(0, 256).Select(t => old[t] + old[(t + 37) & 255])];
        }

        Assert.Equal(x, run.Memory.Read<float>(y, 256));
    }

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void SumByLast_FenceAndCounter_OrderBlocks(string mode)
    {
        const int Count = 4000, Blocks = 9;
        using SimulatedRun run = Control(mode);
        float[] x = [.. Values(Count).Select(value => MathF.Round(value))];
        ulong parts = run.Allocate<float>("parts", Blocks), total = run.Allocate<float>("total", 1), arrived = run.Upload("arrived", new uint[1]);
        Assert.Empty(run.Launch("sum_by_last", Blocks, 32, 0, parts, total, arrived, run.Upload("x", x), Count).Findings);
        Assert.Equal(x.Sum(), run.Memory.Read<float>(total, 1)[0]);
    }

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void ShuffleArray_OfTheThread_KeepsLanesApart(string mode)
    {
        using SimulatedRun run = Control(mode);
        float[] x = Values(64 * 24);
        int[] order = [.. Enumerable.Range(0, 24).Select(_ => _random.Next(24))];
        ulong y = run.Allocate<float>("y", x.Length);
        Assert.Empty(run.Launch("shuffle_array", 1, 64, 0, y, run.Upload("x", x), run.Upload("order", order)).Findings);
        for (int thread = 0; thread < 64; thread++)
        {
            Span<float> a = x.AsSpan(thread * 24, 24);
            for (int i = 0; i < 24; i++)
            {
                (a[i], a[order[i]]) = (a[order[i]], a[i]);
            }
        }

        Assert.Equal(x, run.Memory.Read<float>(y, x.Length));
    }

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void CallTwice_FunctionWithBody_IsCalled(string mode)
    {
        using SimulatedRun run = Control(mode);
        float[] x = Values(64);
        ulong y = run.Allocate<float>("y", 64);
        Assert.Empty(run.Launch("call_twice", 1, 64, 0, y, run.Upload("x", x)).Findings);
        Assert.Equal(Enumerable.Range(0, 64).Select(t =>
        {
            float value = x[t];
            int n = t & 3;
            float a = value * n, c = n > 2 ? value + n : value - n, b = c * 7, d = c + 7;
            return a + b + c + d;
        }), run.Memory.Read<float>(y, 64));
    }

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void Report_NaN_IsPrinted(string mode)
    {
        using SimulatedRun run = Control(mode);
        LaunchReport report = run.Launch("report", 1, 32, 0, run.Upload("x", new float[] { 1, 2, float.NaN, 4 }), 3);
        Assert.Equal(["x[2] is not a number, but  1.50 1099511627776\n"], report.Printed);
    }

    [NvrtcFact]
    public void Report_LargeValue_FailsItsAssertion()
    {
        using SimulatedRun run = Control("fast");
        Finding found = Assert.Single(run.Find("report", 1, 32, 0, run.Upload("x", new float[] { 1, 2000 }), 2));
        Assert.Equal(FindingKind.Assertion, found.Kind);
        Assert.Contains($"assertion `i >= count || !(x[i] >= 1000.0f)` failed at control.cu:{SimulatorKernels.Line("control.cu", "assert(i >= count")}", found.Message);
        Assert.Contains("thread (1, 0, 0)", found.Message);
    }

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void TakeTurns_LockWithinAWarp_MakesProgress(string mode)
    {
        using SimulatedRun run = Control(mode);
        ulong counter = run.Upload("counter", new uint[1]);
        Assert.Empty(run.Launch("take_turns", 3, 48, 0, run.Upload("lock", new uint[1]), counter).Findings);
        Assert.Equal(144u, run.Memory.Read<uint>(counter, 1)[0]);
    }

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void Votes_Collectives_AreThoseOfTheirDefinitions(string mode)
    {
        using SimulatedRun run = Control(mode);
        uint[] x = [.. Enumerable.Range(0, 64).Select(i => i < 32 ? (uint)_random.NextInt64(1L << 32) : (uint)(i % 5))];
        ulong y = run.Allocate<uint>("y", 64);
        Assert.Empty(run.Launch("votes", 1, 64, 0, y, run.Upload("x", x)).Findings);
        Assert.Equal(Enumerable.Range(0, 64).Select(t => Votes(x, t)), run.Memory.Read<uint>(y, 64));
    }

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void Halves_OfOneWordByTwoBlocksAndTwoWarps_AreNoRace(string mode)
    {
        using SimulatedRun run = Control(mode);
        ulong y = run.Allocate<ushort>("y", 128), z = run.Allocate<byte>("z", 128);
        Assert.Empty(run.Launch("halves", 2, 64, 0, y, z).Findings);
        Assert.Equal(Enumerable.Range(0, 128).Select(i => (ushort)((i / 2 % 2 * 32) + (i / 4) + 1)), run.Memory.Read<ushort>(y, 128));
        Assert.Equal(Enumerable.Range(0, 128).Select(i => (byte)(i / 2)), run.Memory.Read<byte>(z, 128));
    }

    private static SimulatedRun Control(string mode) => new(SimulatorKernels.Ptx("control.cu"), SimulatedRun.Options(mode));

    private float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)((_random.NextDouble() * 20) - 10))];

    private static uint Wander(uint x)
    {
        uint v = x, steps = 0;
        while (v != 1)
        {
            if ((v & 1) != 0)
            {
                v = (3 * v) + 1;
                if (v > 100000)
                {
                    steps += 1000;
                    break;
                }
            }
            else
            {
                v >>= 1;
                if ((v & 7) == 5)
                {
                    steps += 2;
                    continue;
                }
            }

            if (++steps > 300)
            {
                return 77;
            }
        }

        switch (v & 3)
        {
            case 0: return steps * 3;
            case 1: return steps + 7;
            case 2:
                for (uint k = 0; k < (x & 15); k++)
                {
                    steps ^= k * steps;
                }

                return steps;
            default: return ~steps;
        }
    }

    private static uint Votes(uint[] all, int thread)
    {
        int warp = thread / 32 * 32, lane = thread & 31;
        uint[] x = all[warp..(warp + 32)];
        uint v = x[lane];
        uint Mask(Func<uint, bool> holds) => (uint)Enumerable.Range(0, 32).Sum(i => holds(x[i]) ? 1L << i : 0);
        uint r = Mask(value => (value & 1) != 0);
        r ^= Mask(value => (value & 3) == (v & 3)) * 3;
        bool same = x.All(value => value >> 31 == v >> 31);
        r ^= ((same ? uint.MaxValue : 0) * 5) + (same ? 1u : 0);
        r += (x.All(value => value < 0x80000000) ? 7u : 0) + (x.Contains(17u) ? 11u : 0);
        uint up = x[lane < 3 ? lane : lane - 3], down = x[(lane & 15) + 5 > 15 ? lane : lane + 5];
        r ^= up + (down * 3) + (x[(lane & ~7) | (lane * 7 & 7)] * 5) + (x[lane ^ 9] * 7);
        r += (uint)all.Count(value => (value & 2) != 0) + (all.All(value => value != 3) ? 13u : 0) + (all.Contains(5u) ? 17u : 0);
        return r;
    }
}
