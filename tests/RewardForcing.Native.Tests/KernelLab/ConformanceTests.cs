using RewardForcing.Native.Cuda.Compilation;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.KernelLab;
using RewardForcing.Native.KernelLab.Conformance;
using RewardForcing.Native.KernelLab.Conformance.Making;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Testing;
using RewardForcing.Native.Testing.Simulation;
using RewardForcing.Native.Tests.Cuda;
using Xunit;

namespace RewardForcing.Native.Tests.KernelLab;

/// <summary>Every PTX instruction form that a kernel uses, one by one, against the PTX ISA's definition.</summary>
public class ConformanceTests
{
    private const string Least = "sm_80";
    private const string Hopper = "sm_90a";
    private static readonly string Folder = Fixtures.Path("ptx");
    private static readonly IReadOnlyList<ConformanceFile> Files = ConformanceFile.ReadAll(Folder);

    public static TheoryData<string> Families => [.. Files.Select(static file => file.Family)];

    public static TheoryData<string, bool> Runs
    {
        get
        {
            TheoryData<string, bool> runs = [];
            foreach (ConformanceFile file in Files)
            {
                runs.Add(file.Family, false);
                runs.Add(file.Family, true);
            }

            return runs;
        }
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void Cases_OnTheSimulatedDevice_AreAsDefined(string family, bool isChecked)
    {
        ConformanceFile file = Of(family);
        ConformanceReport report = Run(file, isChecked);
        Assert.Empty(report.Complaints);
        Assert.Empty(report.Skipped);
        Assert.Equal(file.Cases.Count, report.Results.Count);
    }

    // What GPUs gave, where any was at hand: the definition is held to them, as the simulated device is held to it.
    [Theory]
    [MemberData(nameof(Families))]
    public void Recordings_OfGpus_AreAsDefined(string family) =>
        Assert.Empty(ConformanceRecording.ReadAll(Folder, family).SelectMany(recording => recording.Judge(Of(family))));

    [Fact]
    public void Files_AreWhatTheGeneratorMakes()
    {
        IReadOnlyList<ConformanceFile> made = ConformanceFixtures.Make();
        Assert.Equal(Files.Select(static file => file.Family), made.Select(static file => file.Family).Order(StringComparer.Ordinal));
        Assert.All(made, static file => Assert.Equal(Comparable(Of(file.Family)), Comparable(file)));
    }

    // The host's sine or logarithm may differ in its last bit from that of the machine that wrote the file.
    private static string Comparable(ConformanceFile file) => (file with
    {
        Cases = [.. file.Cases.Select(static test => test.Want.Type != "f64" || test.Rule.IsExact ? test
            : test with { Want = new ValueSet("f32", [.. test.Want.Bits.Select(static bits => (ulong)BitConverter.SingleToUInt32Bits((float)BitConverter.UInt64BitsToDouble(bits)))]) })],
    }).Write();

    // The PTX for 8.6 and 8.9 is that for 8.0 as long as no kernel asks for its architecture; KernelLab conformance --forms compiles everything for everything.
    [NvrtcFact]
    public void Kernels_UseNoFormWithoutACase()
    {
        KernelSources sources = Devices.Kernels();
        Assert.DoesNotContain(sources.Stems, stem => sources.Get(stem) is { } source && source.Headers.Values.Append(source.Text).Any(static text => text.Contains("__CUDA_ARCH__", StringComparison.Ordinal)));
        SortedDictionary<string, string> used = KernelForms.Collect(sources, SimulatedDevices.Compiled, [Least], KernelVariant.Read);
        SortedDictionary<string, string> hopper = KernelForms.Collect(
            sources, SimulatedDevices.Compiled, [Hopper], static source => KernelVariant.Read(source).Where(static variant => variant.Architecture is not null).Concat(KernelVariant.Representatives(source)));
        Assert.True(used.Count > 100 && hopper.Keys.Any(static form => form.StartsWith("wgmma", StringComparison.Ordinal)));
        Assert.Empty(KernelForms.Missing(used, Files).Concat(KernelForms.Missing(hopper, Files)));
    }

    [NvrtcTheory]
    [MemberData(nameof(Families))]
    public void Cases_AreTakenByTheAssembler(string family)
    {
        KernelCompiler compiler = KernelCompiler.Open(out string? missing) ?? throw new NotSupportedException(missing);
        ConformanceFile file = Of(family);
        Assert.All(file.Cases.Select(static test => test.Target).Distinct(), target => ConformanceAssembly.Assemble(compiler, file, target));
    }

    [Fact]
    public void Missing_FormWithoutACase_IsNamedWithItsPlace()
    {
        string sentence = Assert.Single(KernelForms.Missing(new Dictionary<string, string> { ["add.s32"] = "one", ["add.cc.s32"] = "add_forward for sm_80, add.cu:3" }, Files));
        Assert.StartsWith("add.cc.s32 has no case", sentence, StringComparison.Ordinal);
        Assert.EndsWith("add.cu:3", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_WrongExpectation_NamesCaseAndElement()
    {
        ConformanceFile file = Of("integer");
        ConformanceCase test = file.Cases.First(static one => one.Name == "add.s32");
        ulong[] bits = [.. test.Want.Bits];
        bits[5] ^= 1;
        ConformanceReport report = Run(file with { Cases = [test with { Want = new ValueSet(test.Want.Type, bits) }] }, isChecked: false);
        Assert.Contains("integer: add.s32: 1 of 96 differ; element 5: expected", Assert.Single(report.Complaints), StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_BoundGiven_TakesWhatIsNearAndNothingElse()
    {
        ResultRule rule = new("f32", Relative: 1e-6);
        ulong Wanted(double value) => BitConverter.DoubleToUInt64Bits(value);
        ulong Got(float value) => BitConverter.SingleToUInt32Bits(value);
        Assert.Null(rule.Judge("f64", Wanted(1), Got(1.0000005f)));
        Assert.NotNull(rule.Judge("f64", Wanted(1), Got(1.000002f)));
        Assert.NotNull(rule.Judge("f64", Wanted(1), Got(float.NaN)));
        Assert.NotNull(rule.Judge("f64", Wanted(double.PositiveInfinity), Got(float.MaxValue)));
        Assert.Null(rule.Judge("f64", Wanted(double.NaN), Got(float.NaN)));
    }

    [Fact]
    public void Recording_SavedAndRead_IsJudgedByTheDefinition()
    {
        string folder = Directory.CreateTempSubdirectory("conformance").FullName;
        try
        {
            ConformanceFile file = Of("warp");
            ConformanceReport report = Run(file, isChecked: false);
            Dictionary<string, ValueSet> results = new(report.Results) { ["bar.sync"] = report.Results["bar.arrive"], ["gone"] = report.Results["bra"] };
            new ConformanceRecording("some GPU", results).Save(folder, file.Family, 90);
            string[] complaints = [.. Assert.Single(ConformanceRecording.ReadAll(folder, file.Family)).Judge(file)];
            Assert.Equal(2, complaints.Length);
            Assert.Contains(complaints, static one => one.Contains("recorded on some GPU: bar.sync: ", StringComparison.Ordinal));
            Assert.Contains(complaints, static one => one.Contains("no case gone any more", StringComparison.Ordinal));
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    private static ConformanceFile Of(string family) => Files.Single(file => file.Family == family);

    private static ConformanceReport Run(ConformanceFile file, bool isChecked)
    {
        using SimulatedDriver driver = new(new SimulatedDriverOptions { Devices = [DeviceProfile.H100], Execution = new SimulationOptions { Checked = isChecked } });
        using ConformanceDevice device = new(driver, 0);
        return ConformanceReport.Of(device, file);
    }
}
