using System.Reflection;
using System.Xml.Linq;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Testing.Cases;
using Xunit;

namespace RewardForcing.Native.Tests.Architecture;

/// <summary>The rules applied to this repository. That each rule can fail is shown in <see cref="RuleTests"/>.</summary>
public class ArchitectureTests
{
    private static readonly IReadOnlyList<SourceFile> Source = SourceFile.Below(["src"], ".cs");
    private static readonly IReadOnlyList<SourceFile> OpSource = SourceFile.Below(["src/RewardForcing.Native.Ops"], ".cs");
    private static readonly IReadOnlyList<SourceFile> Kernels = SourceFile.Below(["kernels"], ".cu", ".cuh");
    private static readonly IReadOnlyList<SourceFile> Everything = SourceFile.Below(["src", "tests", "tools", "benchmarks", "kernels"], ".cs", ".cu", ".cuh");
    private static readonly ProjectFile[] Projects = [.. SourceFile.Below(["src", "tests", "tools", "benchmarks"], ".csproj").Select(ProjectFile.Read)];
    private static readonly string[] Ops = [.. OpRules.Ops(typeof(Attention).Assembly.GetTypes()).Select(static op => op.Name)];
    private static readonly string[] Cases = [.. OpCases.All.Select(static test => test.OpClass)];

    public static TheoryData<string> Shipped => [.. Projects.Where(static project => project.Ships).Select(static project => project.Path)];

    [Fact]
    public void Repository_FilesAreFound()
    {
        Assert.True(Source.Count > 100 && Projects.Length > 10 && Ops.Length > 30, $"{Source.Count} sources, {Projects.Length} projects, {Ops.Length} ops");
        Assert.All(Source, static file => Assert.NotEmpty(file.Text));
    }

    [Fact]
    public void Files_AreShort() => None(SourceRules.FileLength(Everything));

    [Fact]
    public void Types_HaveNamesThatSaySomething() => None(SourceRules.TypeNames(Everything));

    [Fact]
    public void Source_HasOnePublicTypeToAFile() => None(SourceRules.OnePublicType(Source));

    [Fact]
    public void Source_ImportsNativeFunctionsInOnePlace() => None(SourceRules.NativeImports(Source));

    [Fact]
    public void Formats_UsesPointersInInteropOnly() => None(SourceRules.FormatPointers(Source));

    [Fact]
    public void Source_LeavesTheCollectorAlone() => None(SourceRules.ManualCollection(Source));

    [Theory]
    [MemberData(nameof(Shipped))]
    public void Assembly_HasNoMutableStatics(string project) => None(AssemblyRules.MutableStatics(Load(project).GetTypes()));

    [Theory]
    [MemberData(nameof(Shipped))]
    public void Assembly_HasNoFinalizers(string project) => None(AssemblyRules.Finalizers(Load(project).GetTypes()));

    [Theory]
    [MemberData(nameof(Shipped))]
    public void Assembly_ShowsNoCudaType(string project)
    {
        Assembly cuda = typeof(CudaDriver).Assembly;
        Assembly assembly = Load(project);
        if (assembly != cuda)
        {
            None(AssemblyRules.Leaks(assembly.GetTypes(), type => type.Assembly == cuda));
        }
    }

    [Fact]
    public void Projects_PointDownwards() => None(ProjectRules.References(Projects).Concat(ProjectRules.Layers(Projects)));

    [Fact]
    public void Projects_UseKnownPackages() => None(ProjectRules.Packages(Projects).Concat(ProjectRules.Versions(Projects)));

    [Fact]
    public void Projects_AllowPointersWhereDeviceMemoryIs() => None(ProjectRules.Pointers(Projects));

    [Fact]
    public void Projects_SeeOnlyWhatTheyReference()
    {
        var settings = XElement.Parse(File.ReadAllText(Path.Combine(SourceFile.Root, "Directory.Build.props")));
        foreach (string name in new[] { "DisableTransitiveProjectReferences", "TreatWarningsAsErrors", "GenerateDocumentationFile" })
        {
            Assert.Equal("true", Assert.Single(settings.Descendants(name)).Value);
        }
    }

    [Fact]
    public void Ops_HaveCases() => None(OpRules.Cases(Ops, Cases));

    [Fact]
    public void OpsAndCases_AreInFilesOfTheirName() =>
        None(OpRules.OpFiles(OpSource, Ops).Concat(OpRules.CaseFiles(SourceFile.Below(["tests/RewardForcing.Native.Testing/Cases"], ".cs"), Cases)));

    [Fact]
    public void Kernels_IncludeOnlyKernels() => None(KernelRules.Includes(Kernels));

    [Fact]
    public void Kernels_NameTheirEntriesAfterTheirFile() => None(KernelRules.EntryNames(Kernels));

    [Fact]
    public void Kernels_BelongToOpsWithCases() =>
        None(KernelRules.Owners(Kernels, OpSource, Ops.Select(CaseNames.Stem).ToHashSet(), Cases.Select(CaseNames.Stem).ToHashSet()));

    [Fact]
    public void Kernels_AreLaunched() => None(KernelRules.Unlaunched(Kernels, [.. OpSource, .. SourceFile.Below(["src/RewardForcing.Native.Cuda"], ".cs")]));

    private static Assembly Load(string project)
    {
        string name = XElement.Parse(File.ReadAllText(Path.Combine(SourceFile.Root, project))).Descendants("AssemblyName").SingleOrDefault()?.Value ?? Path.GetFileNameWithoutExtension(project);
        return Assembly.Load(name);
    }

    private static void None(IEnumerable<string> violations)
    {
        string[] all = [.. violations];
        Assert.True(all.Length == 0, string.Join('\n', all));
    }
}
