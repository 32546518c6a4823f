using RewardForcing.Native.Cuda.Compilation;
using Xunit;

namespace RewardForcing.Native.Tests.Cuda;

public class KernelSourcesTests
{
    private static readonly Dictionary<string, string> Files = new()
    {
        ["a.cu"] = "#include \"common/one.cuh\"\n",
        ["b.cu"] = "  #  include <common/two.cuh>\n",
        ["common/one.cuh"] = "#include \"two.cuh\"\n",
        ["common/two.cuh"] = "// two\n",
        ["common/unused.cuh"] = "// unused\n",
        ["two.cuh"] = "// another two\n",
        ["c.cu"] = "#include \"two.cuh\"\n#include \"common/one.cuh\"\n",
        ["d.cu"] = "#include \"common/none.cuh\"\n",
    };

    [Fact]
    public void Stems_OnlyKernelFiles_InOrder() => Assert.Equal(["a", "b", "c", "d"], new KernelSources(Files).Stems);

    [Fact]
    public void Get_HeaderOfHeader_IsFoundBesideIt()
    {
        KernelSource source = new KernelSources(Files).Get("a");

        Assert.Equal(["common/one.cuh", "two.cuh"], source.Headers.Keys.Order());
        Assert.Equal("// two\n", source.Headers["two.cuh"]);
    }

    [Fact]
    public void Get_UnusedHeaders_AreLeftOut() => Assert.Equal(["common/two.cuh"], new KernelSources(Files).Get("b").Headers.Keys);

    [Fact]
    public void Get_OneSpellingForTwoFiles_Throws() =>
        Assert.Contains("two different files", Assert.Throws<ArgumentException>(() => new KernelSources(Files).Get("c")).Message);

    [Fact]
    public void Get_MissingHeader_NamesBoth()
    {
        string message = Assert.Throws<ArgumentException>(() => new KernelSources(Files).Get("d")).Message;

        Assert.Contains("kernels/d.cu", message);
        Assert.Contains("common/none.cuh", message);
    }

    [Fact]
    public void Get_MissingKernel_NamesIt() =>
        Assert.Contains("kernels/none.cu", Assert.Throws<ArgumentException>(() => new KernelSources(Files).Get("none")).Message);
}
