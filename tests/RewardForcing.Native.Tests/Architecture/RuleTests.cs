using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Architecture;

/// <summary>Every rule with a violation that it must find, and with something close that it must let pass.</summary>
public class RuleTests
{
    [Fact]
    public void FileLength_OneLineTooMany_IsFound()
    {
        Assert.Empty(SourceRules.FileLength([Code(Lines(600))]));
        Assert.Contains("601 lines", Assert.Single(SourceRules.FileLength([Code(Lines(601))])), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("public sealed class CacheManager", true)]
    [InlineData("internal static class Utils", true)]
    [InlineData("    private readonly record struct BlockInfo(int A);", true)]
    [InlineData("public interface IDeviceBase<T>", true)]
    [InlineData("public enum FrameData", true)]
    [InlineData("public delegate Tensor?[] StepHelper(Pass back);", true)]
    [InlineData("public sealed class Database", false)]
    [InlineData("public sealed class Infoscreen", false)]
    [InlineData("// class CacheManager", false)]
    public void TypeNames_EmptyWords_AreFound(string line, bool isFound) => Assert.Equal(isFound, SourceRules.TypeNames([Code(line)]).Any());

    [Theory]
    [InlineData("src/RewardForcing.Native.Ops/A.cs", "    [LibraryImport(\"cuda\")]", true)]
    [InlineData("src/RewardForcing.Native.Formats/A.cs", "    [DllImport(\"c\", SetLastError = true)]", true)]
    [InlineData("src/RewardForcing.Native.Cuda/A.cs", "    [LibraryImport(\"cuda\")]", true)]
    [InlineData("src/RewardForcing.Native.Cuda/Interop/A.cs", "    [LibraryImport(\"cuda\")]", false)]
    [InlineData("src/RewardForcing.Native.Tensors/A.cs", "    [LibraryImport(\"libc\")]", true)]
    [InlineData("src/RewardForcing.Native.Ops/A.cs", "    // [LibraryImport] has no place here", false)]
    public void NativeImports_OutsideTheirFolder_AreFound(string path, string line, bool isFound) =>
        Assert.Equal(isFound, SourceRules.NativeImports([new SourceFile(path, line)]).Any());

    [Theory]
    [InlineData("GC.Collect();", true)]
    [InlineData("System.GC . Collect(2);", true)]
    [InlineData("GC.WaitForPendingFinalizers();", true)]
    [InlineData("GC.SuppressFinalize(this);", false)]
    [InlineData("// GC.Collect() would be slow", false)]
    public void ManualCollection_Calls_AreFound(string line, bool isFound) => Assert.Equal(isFound, SourceRules.ManualCollection([Code(line)]).Any());

    [Theory]
    [InlineData("public class A\n{\n}\npublic class B\n{\n}", true)]
    [InlineData("public class B", true)]
    [InlineData("public class A\n{\n    public enum B\n}\ninternal class C", false)]
    [InlineData("public abstract class A : C\npublic abstract class A<T> : A", false)]
    public void OnePublicType_SecondOrOtherName_IsFound(string text, bool isFound) => Assert.Equal(isFound, SourceRules.OnePublicType([Code(text)]).Any());

    [Fact]
    public void MutableStatics_FieldsAndProperties_AreFound()
    {
        string[] found = [.. AssemblyRules.MutableStatics([typeof(Planted), typeof(Clean)])];
        Assert.Equal(3, found.Length);
        Assert.Contains(found, static one => one.Contains("_counter", StringComparison.Ordinal));
        Assert.Contains(found, static one => one.Contains("Current", StringComparison.Ordinal));
        Assert.Contains(found, static one => one.Contains("_ofThread", StringComparison.Ordinal));
    }

    [Fact]
    public void Finalizers_AreFound() => Assert.Contains("Planted", Assert.Single(AssemblyRules.Finalizers([typeof(Planted), typeof(Clean)])), StringComparison.Ordinal);

    [Theory]
    [InlineData(nameof(ShowsCuda.Parameter))]
    [InlineData(nameof(ShowsCuda.Result))]
    [InlineData(nameof(ShowsCuda.Constrained))]
    [InlineData("Protected")]
    [InlineData(nameof(ShowsCuda.Field))]
    [InlineData("get_Property")]
    public void Leaks_EveryKindOfMember_IsFound(string member)
    {
        string[] found = [.. AssemblyRules.Leaks([typeof(ShowsCuda)], static type => type.Assembly == typeof(CudaDriver).Assembly)];
        Assert.Contains(found, one => one.Contains($".{member} shows RewardForcing.Native.Cuda.CudaDriver", StringComparison.Ordinal));
        Assert.DoesNotContain(found, static one => one.Contains("Hidden", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Models", "src/RewardForcing.Native.Cuda/RewardForcing.Native.Cuda.csproj", true)]
    [InlineData("Tensors", "src/RewardForcing.Native.Ops/RewardForcing.Native.Ops.csproj", true)]
    [InlineData("Formats", "src/RewardForcing.Native.Tensors/RewardForcing.Native.Tensors.csproj", true)]
    [InlineData("Generation", "tools/RewardForcing.Native.CudaSim/RewardForcing.Native.CudaSim.csproj", true)]
    [InlineData("Ops", "src/RewardForcing.Native.Cuda/RewardForcing.Native.Cuda.csproj", false)]
    public void References_Upwards_AreFound(string layer, string reference, bool isFound) =>
        Assert.Equal(isFound, ProjectRules.References([Project(layer) with { References = [reference] }]).Any());

    [Fact]
    public void Layers_UnknownOne_IsFound()
    {
        Assert.Single(ProjectRules.Layers([Project("Core")]));
        Assert.Empty(ProjectRules.Layers([Project("Training")]));
    }

    [Theory]
    [InlineData("src/RewardForcing.Native.Models/RewardForcing.Native.Models.csproj", "Spectre.Console", true)]
    [InlineData("src/RewardForcing.Native.Cli/RewardForcing.Native.Cli.csproj", "Spectre.Console", false)]
    [InlineData("src/RewardForcing.Native.Cli/RewardForcing.Native.Cli.csproj", "ManagedCuda", true)]
    [InlineData("tests/RewardForcing.Native.Tests/RewardForcing.Native.Tests.csproj", "FluentAssertions", true)]
    [InlineData("tools/Parity/Parity.csproj", "Spectre.Console", true)]
    [InlineData("benchmarks/B/B.csproj", "BenchmarkDotNet", false)]
    public void Packages_OutsideTheList_AreFound(string path, string package, bool isFound) =>
        Assert.Equal(isFound, ProjectRules.Packages([Project("Cli") with { Path = path, Packages = [package] }]).Any());

    [Fact]
    public void Versions_InAProject_AreFound()
    {
        ProjectFile project = ProjectFile.Read(new SourceFile("src/A/A.csproj", "<Project><ItemGroup><PackageReference Include=\"xunit\" Version=\"1\" /></ItemGroup></Project>"));
        Assert.Single(ProjectRules.Versions([project]));
        Assert.Equal(["xunit"], project.Packages);
    }

    [Fact]
    public void Pointers_AboveOps_AreFound()
    {
        Assert.Single(ProjectRules.Pointers([Project("Models") with { IsUnsafe = true }]));
        Assert.Empty(ProjectRules.Pointers([Project("Ops") with { IsUnsafe = true }]));
    }

    [Fact]
    public void Read_Project_GivesItsReferences()
    {
        ProjectFile project = ProjectFile.Read(new SourceFile(
            "src/RewardForcing.Native.Ops/RewardForcing.Native.Ops.csproj",
            "<Project><PropertyGroup><AllowUnsafeBlocks>true</AllowUnsafeBlocks></PropertyGroup><ItemGroup><ProjectReference Include=\"../../tests/T/T.csproj\" /></ItemGroup></Project>"));
        Assert.True(project.IsUnsafe);
        Assert.Equal(["tests/T/T.csproj"], project.References);
        Assert.Single(ProjectRules.References([project]));
    }

    [Fact]
    public void Cases_MissingOrLeftOver_AreFound()
    {
        Assert.Empty(OpRules.Cases(["Add"], ["Add"]));
        Assert.Equal(["Add has no case: write tests/RewardForcing.Native.Testing/Cases/AddCase.cs.", "MulCase belongs to no op."], OpRules.Cases(["Add"], ["Mul"]));
    }

    [Fact]
    public void Files_OtherName_AreFound()
    {
        Assert.Single(OpRules.OpFiles([new SourceFile("src/RewardForcing.Native.Ops/Sum.cs", string.Empty)], ["Add"]));
        Assert.Single(OpRules.CaseFiles([new SourceFile("tests/RewardForcing.Native.Testing/Cases/AddCase.cs", "class SumCase : OpCase")], ["Add"]));
        Assert.Empty(OpRules.CaseFiles([new SourceFile("tests/RewardForcing.Native.Testing/Cases/AddCase.cs", "class AddCase : OpCase")], ["Add"]));
    }

    [Theory]
    [InlineData("#include <cuda_bf16.h>", true)]
    [InlineData("#include \"common/missing.cuh\"", true)]
    [InlineData("#include \"common/rows.cuh\"", false)]
    [InlineData("// #include <cuda_bf16.h>", false)]
    public void Includes_OutsideKernels_AreFound(string line, bool isFound) =>
        Assert.Equal(isFound, KernelRules.Includes([new SourceFile("kernels/add.cu", line), new SourceFile("kernels/common/rows.cuh", string.Empty)]).Any());

    [Theory]
    [InlineData("extern \"C\" __global__ void add_forward(int a)", false)]
    [InlineData("extern \"C\" __global__ void __launch_bounds__(RF_THREADS, 1) add_backward_weight(int a)", false)]
    [InlineData("__global__ void add_forward(int a)", true)]
    [InlineData("extern \"C\" __global__ void sum_forward(int a)", true)]
    [InlineData("extern \"C\" __global__ void add(int a)", true)]
    public void EntryNames_OtherStem_AreFound(string line, bool isFound)
    {
        Assert.Equal(isFound, KernelRules.EntryNames([new SourceFile("kernels/add.cu", line)]).Any());
        Assert.Equal(isFound, KernelRules.EntryNames([new SourceFile("kernels/add_sm90.cu", line)]).Any());
        Assert.Equal(isFound, KernelRules.EntryNames([new SourceFile("kernels/common/tile.cuh", line), new SourceFile("kernels/add.cu", string.Empty)]).Any());
    }

    [Fact]
    public void Owners_NoOpOrNoCase_AreFound()
    {
        SourceFile kernel = new("kernels/add.cu", "extern \"C\" __global__ void add_forward(int a)");
        SourceFile op = new("src/RewardForcing.Native.Ops/Add.cs", "Launch(\"add_forward\");");
        SourceFile other = new("src/RewardForcing.Native.Ops/Cast.cs", "Launch(\"cast_forward\");");
        HashSet<string> add = ["add"];
        Assert.Empty(KernelRules.Owners([kernel], [op], add, add));
        Assert.Contains("has no case", Assert.Single(KernelRules.Owners([kernel], [op], add, new HashSet<string>())), StringComparison.Ordinal);
        Assert.Contains("no op", Assert.Single(KernelRules.Owners([kernel], [other], new HashSet<string>(), add)), StringComparison.Ordinal);
    }

    [Fact]
    public void Unlaunched_EntriesBesideLaunchedOnes_AreFound()
    {
        SourceFile kernel = new("kernels/add.cu", "extern \"C\" __global__ void add_forward(int a) {}\nextern \"C\" __global__ void add_backward(int a) {}");
        Assert.Contains("add_backward", Assert.Single(KernelRules.Unlaunched([kernel], [new SourceFile("src/RewardForcing.Native.Ops/Add.cs", "Launch(\"add_forward\");")])), StringComparison.Ordinal);
        Assert.Empty(KernelRules.Unlaunched([kernel], [new SourceFile("src/RewardForcing.Native.Ops/Add.cs", "// add_forward comes later")]));
    }

    [Fact]
    public void FormatPointers_OutsideInterop_AreFound()
    {
        const string Text = "internal static unsafe class A;\n// unsafe in words";
        Assert.Single(SourceRules.FormatPointers([new SourceFile("src/RewardForcing.Native.Formats/A.cs", Text)]));
        Assert.Empty(SourceRules.FormatPointers([new SourceFile("src/RewardForcing.Native.Formats/Interop/A.cs", Text), new SourceFile("src/RewardForcing.Native.Ops/A.cs", Text)]));
    }

    private static SourceFile Code(string text) => new("src/RewardForcing.Native.Ops/A.cs", text);

    private static string Lines(int count) => string.Concat(Enumerable.Repeat("int a;\n", count));

    private static ProjectFile Project(string layer) => new($"src/RewardForcing.Native.{layer}/RewardForcing.Native.{layer}.csproj", [], [], false, false);

    public class ShowsCuda
    {
        public CudaDriver? Field = null;

        public IReadOnlyList<CudaDriver[]> Property => [];

        public static void Parameter(ref CudaDriver driver) => Hidden(driver);

        public static CudaDriver? Result() => null;

        public static void Constrained<T>()
            where T : CudaDriver
        {
        }

        protected static void Protected(Func<CudaDriver> open) => Hidden(open());

        private static void Hidden(CudaDriver driver) => _ = driver;
    }

    private sealed class Planted
    {
        public static readonly int Fixed = 1;
        private static int _counter;

        [ThreadStatic]
        private static int _ofThread;

        ~Planted() => _counter = _ofThread++;

        public static Pass? Current { get; set; }
    }

    private sealed class Clean
    {
        public const int Number = 3;

        public static int Value { get; } = 3;

        public static Func<int, int> Twice => static value => 2 * value;
    }
}
