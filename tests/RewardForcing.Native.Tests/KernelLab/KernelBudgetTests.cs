using RewardForcing.Native.Cuda.Compilation;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.KernelLab;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing.Simulation;
using RewardForcing.Native.Tests.Architecture;
using RewardForcing.Native.Tests.Cuda;
using Xunit;

namespace RewardForcing.Native.Tests.KernelLab;

/// <summary>What kernels take and do, held to <c>kernels/budget.json</c>; <c>./build.sh kernels</c> holds every variant on every architecture to it.</summary>
public class KernelBudgetTests
{
    private static readonly KernelSources Sources = Devices.Kernels();
    private static readonly KernelBudget Budget = KernelBudget.Read(Path.Combine(SourceFile.Root, "kernels", "budget.json"));

    public static TheoryData<string> Stems => [.. Sources.Stems];

    // On devices of sm_90 some of them are other kernels.
    public static TheoryData<string, string> Counted
    {
        get
        {
            TheoryData<string, string> rows = [];
            foreach (string kernel in Budget.CountedKernels)
            {
                rows.Add(kernel, "a100");
                if (Sources.Stems.Contains(kernel + "_sm90"))
                {
                    rows.Add(kernel, "h100");
                }
            }

            return rows;
        }
    }

    [NvrtcTheory]
    [MemberData(nameof(Stems))]
    public void Variants_Compiled_TakeNoMoreThanTheBudget(string stem)
    {
        KernelTable table = new(SimulatedDevices.Compiled);
        Multiprocessor Target(KernelVariant variant) => Multiprocessor.All.First(target => variant.IsFor(target.Architecture));
        KernelRow[] rows = [.. KernelVariant.Representatives(Sources.Get(stem)).SelectMany(variant => table.Compile(variant, Target(variant)))];
        Assert.NotEmpty(rows);
        Assert.Empty(rows.SelectMany(Budget.Judge));
    }

    [NvrtcTheory]
    [MemberData(nameof(Counted))]
    public void Kernel_Simulated_MovesAndMultipliesNoMoreThanTheBudget(string kernel, string device)
    {
        DeviceProfile profile = device == "h100" ? DeviceProfile.H100 : DeviceProfile.A100;
        LabRun run = LabRun.Of(LabWorkload.Standard.Single(workload => workload.Kernel == kernel), DType.BF16, profile);
        Assert.NotEmpty(run.Launches);
        Assert.True(run.Counts.UsedBytes > 0);
        Assert.Empty(Budget.Judge(run));
    }

    [NvrtcFact]
    public void Projection_OfTheModel_CountsItsOperationsAndReachesTheBudget()
    {
        Projection projection = Projection.Of(new CountedKernels());

        // What the shapes of the model and of the decoder come to by hand.
        Assert.Equal(24.26e12, projection.Steady.Sum(static call => call.Calls * call.Flops), 0.02e12);
        Assert.Equal(40.65e12 / 3, projection.Decoder.Sum(static call => call.Calls * call.Flops), 0.02e12);
        Assert.All(projection.Steady.Where(static call => call.Kernel is "attention" or "fused_mlp" or "linear"), static call => Assert.Equal("tensor", call.Bound));
        Assert.True(projection.SteadyFrames < projection.BesideFrames);
        Assert.True(projection.BesideFrames >= Budget.ProjectedFrames, $"{projection.BesideFrames:F1} frames a second are projected.");
    }

    [Fact]
    public void Judge_RowOverEveryLimit_NamesEachOfThem()
    {
        KernelRow row = new("unary", "unary_forward", "RF_N=8", "sm_80", Registers: 65, StackBytes: 8, SpillBytes: 4, SharedBytes: 0, Threads: 256, Blocks: 0, Occupancy: 0, IsSerialized: true);
        string[] sentences = [.. Budget.Judge(row)];
        Assert.Collection(
            sentences, static one => Assert.Contains("spills 4 bytes", one, StringComparison.Ordinal), static one => Assert.Contains("stack of 8 bytes", one, StringComparison.Ordinal),
            static one => Assert.Contains("65 registers", one, StringComparison.Ordinal),
            static one => Assert.Contains("waits for each product", one, StringComparison.Ordinal), static one => Assert.Contains("fits a multiprocessor 0 times", one, StringComparison.Ordinal));
    }

    [Fact]
    public void Read_UnknownMember_Throws()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, """{ "spill_bytes": 0, "spills": 0 }""");
            Assert.Throws<FormatException>(() => KernelBudget.Read(path));
        }
        finally
        {
            File.Delete(path);
        }
    }
}
