using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using RewardForcing.Native.Cuda;
using Xunit;

namespace RewardForcing.Native.Tests.Cuda;

/// <summary>Looks every bound function up in the library it is bound to, where that is installed.</summary>
public partial class EntryPointTests
{
    public static TheoryData<string> Driver => Names("cu[A-Z]");

    public static TheoryData<string> Nvrtc => Names("nvrtc");

    public static TheoryData<string> Cublas => Names("cublas(?!Lt)");

    public static TheoryData<string> CublasLt => Names("cublasLt");

    [CudaLibraryTheory(CudaLibrary.Driver)]
    [MemberData(nameof(Driver))]
    public void EntryPoint_OfDriver_IsThere(string name) => AssertExported(CudaLibrary.Driver, name);

    [CudaLibraryTheory(CudaLibrary.Nvrtc)]
    [MemberData(nameof(Nvrtc))]
    public void EntryPoint_OfNvrtc_IsThere(string name) => AssertExported(CudaLibrary.Nvrtc, name);

    [CudaLibraryTheory(CudaLibrary.Cublas)]
    [MemberData(nameof(Cublas))]
    public void EntryPoint_OfCublas_IsThere(string name) => AssertExported(CudaLibrary.Cublas, name);

    [CudaLibraryTheory(CudaLibrary.CublasLt)]
    [MemberData(nameof(CublasLt))]
    public void EntryPoint_OfCublasLt_IsThere(string name) => AssertExported(CudaLibrary.CublasLt, name);

    [Fact]
    public void EntryPoints_AreFound()
    {
        Assert.True(Driver.Count > 50 && Nvrtc.Count > 8 && Cublas.Count > 3 && CublasLt.Count > 10);
    }

    [Fact]
    public void BlasAlgorithm_Layout_IsThatOfTheHeader()
    {
        Assert.Equal(96, Marshal.SizeOf<BlasAlgorithm>());
        Assert.Equal(64, Marshal.OffsetOf<BlasAlgorithm>(nameof(BlasAlgorithm.WorkspaceBytes)).ToInt32());
        Assert.Equal(72, Marshal.OffsetOf<BlasAlgorithm>(nameof(BlasAlgorithm.State)).ToInt32());
        Assert.Equal(76, Marshal.OffsetOf<BlasAlgorithm>(nameof(BlasAlgorithm.Waves)).ToInt32());
    }

    private static void AssertExported(CudaLibrary library, string name)
    {
        LibrarySearch search = CudaLibraries.Find(library, out nint handle);
        Assert.True(NativeLibrary.TryGetExport(handle, name, out _), $"{search.Location} {search.Version} has no {name}.");
    }

    private static TheoryData<string> Names(string start)
    {
        string folder = Path.Combine(CudaLibraries.RepositoryFolder(AppContext.BaseDirectory)!, "src", "RewardForcing.Native.Cuda", "Interop");
        Regex ours = new($"^{start}");
        TheoryData<string> names = [];
        foreach (string file in Directory.GetFiles(folder, "*.cs").Order(StringComparer.Ordinal))
        {
            foreach (Match match in EntryPoint().Matches(File.ReadAllText(file)))
            {
                if (ours.IsMatch(match.Groups[1].Value))
                {
                    names.Add(match.Groups[1].Value);
                }
            }
        }

        return names;
    }

    [GeneratedRegex("EntryPoint = \"(\\w+)\"")]
    private static partial Regex EntryPoint();
}
