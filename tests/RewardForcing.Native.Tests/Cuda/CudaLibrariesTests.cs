using RewardForcing.Native.Cuda;
using Xunit;

namespace RewardForcing.Native.Tests.Cuda;

public class CudaLibrariesTests
{
    [NvrtcFact]
    public void Find_Twice_NamesTheSamePlace()
    {
        LibrarySearch first = CudaLibraries.Find(CudaLibrary.Nvrtc, out nint one);
        LibrarySearch second = CudaLibraries.Find(CudaLibrary.Nvrtc, out nint two);

        Assert.Equal((first.Location, one), (second.Location, two));
    }

    [Fact]
    public void Candidates_Linux_NamedThenToolkitThenLoaderThenRepository()
    {
        List<string> places = CudaLibraries.Candidates("nvrtc", "/named/libnvrtc.so", "/toolkit", "/repository", windows: false);

        int[] order =
        [
            places.IndexOf("/named/libnvrtc.so"), places.IndexOf("/toolkit/lib64/libnvrtc.so.12"), places.IndexOf("/usr/local/cuda/lib64/libnvrtc.so.12"),
            places.IndexOf("libnvrtc.so.12"), places.IndexOf("/repository/.deps/cuda/usr/lib/x86_64-linux-gnu/libnvrtc.so.12"),
        ];
        Assert.Equal(0, order[0]);
        Assert.Equal(order.Order(), order);
    }

    [Fact]
    public void Candidates_Windows_AreDlls() =>
        Assert.All(CudaLibraries.Candidates("cublasLt", null, null, null, windows: true), static place => Assert.EndsWith(".dll", place));

    [Fact]
    public void DriverCandidates_Named_IsTheOnlyPlace()
    {
        string named = Path.Combine(Path.GetTempPath(), "libcuda-of-mine.so");

        Assert.Equal([named], CudaLibraries.DriverCandidates(named, windows: false));
    }

    [Fact]
    public void DriverCandidates_FolderNamed_IsLookedInto() =>
        Assert.All(CudaLibraries.DriverCandidates(Path.GetTempPath(), windows: false), static place => Assert.StartsWith(Path.GetTempPath(), place));

    [Fact]
    public void Probe_FileThatIsNoLibrary_IsTriedAndLeft()
    {
        string file = Path.GetTempFileName();
        try
        {
            LibrarySearch search = CudaLibraries.Probe("driver", [file, "/no/such/file.so"], static _ => "1", out nint handle);

            Assert.Equal(0, handle);
            Assert.Null(search.Location);
            Assert.Equal([file, "/no/such/file.so"], search.Tried);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
