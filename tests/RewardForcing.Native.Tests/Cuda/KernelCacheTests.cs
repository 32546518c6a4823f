using System.Diagnostics;
using RewardForcing.Native.Cuda.Compilation;
using Xunit;

namespace RewardForcing.Native.Tests.Cuda;

public sealed class KernelCacheTests : IDisposable
{
    private const string Text = "#include \"value.cuh\"\nextern \"C\" __global__ void fill_forward(int* y) { y[threadIdx.x] = VALUE; }\n";

    private static readonly Dictionary<string, string> None = [];
    private static readonly KernelSource Source = Make("#define VALUE 41\n");

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [NvrtcFact]
    public void Get_SecondTime_ComesFromDiskAndIsTheSame()
    {
        KernelCache cache = new(_folder, Compiler());
        CompiledKernels first = cache.Get(Source, "sm_80", None);
        string file = Assert.Single(Directory.GetFiles(_folder));
        File.SetLastWriteTimeUtc(file, new DateTime(2001, 2, 3, 0, 0, 0, DateTimeKind.Utc));

        CompiledKernels second = new KernelCache(_folder, Compiler()).Get(Source, "sm_80", None);

        Assert.Equal(first.Image.Ptx, second.Image.Ptx);
        Assert.True(first.Image.Cubin.Span.SequenceEqual(second.Image.Cubin.Span));
        Assert.Equal(first.Log, second.Log);
        Assert.Equal(("fill.cu", "sm_80"), (second.Image.Name, second.Image.Target));
        Assert.Equal(2001, File.GetLastWriteTimeUtc(file).Year);
    }

    [Fact]
    public void FileName_AnythingThatMatters_ChangesIt()
    {
        string[] names =
        [
            KernelCache.FileName(Source, "sm_80", None, "12.4"),
            KernelCache.FileName(Make("#define VALUE 42\n"), "sm_80", None, "12.4"),
            KernelCache.FileName(Source with { Text = Text + " " }, "sm_80", None, "12.4"),
            KernelCache.FileName(Source with { Headers = new Dictionary<string, string> { ["other.cuh"] = "#define VALUE 41\n" } }, "sm_80", None, "12.4"),
            KernelCache.FileName(Source, "sm_86", None, "12.4"),
            KernelCache.FileName(Source, "sm_80", None, "12.5"),
            KernelCache.FileName(Source, "sm_80", None, null),
            KernelCache.FileName(Source, "sm_80", new Dictionary<string, string> { ["RF_A"] = "1" }, "12.4"),
            KernelCache.FileName(Source, "sm_80", new Dictionary<string, string> { ["RF_A"] = "2" }, "12.4"),
            KernelCache.FileName(Source, "sm_80", new Dictionary<string, string> { ["RF_A"] = "1", ["RF_B"] = "1" }, "12.4"),
        ];

        Assert.Equal(names.Length, names.Distinct().Count());
    }

    [Fact]
    public void FileName_OrderOfDefines_DoesNotMatter() =>
        Assert.Equal(
            KernelCache.FileName(Source, "sm_80", new Dictionary<string, string> { ["RF_A"] = "1", ["RF_B"] = "2" }, "12.4"),
            KernelCache.FileName(Source, "sm_80", new Dictionary<string, string> { ["RF_B"] = "2", ["RF_A"] = "1" }, "12.4"));

    [NvrtcTheory]
    [InlineData("empty")]
    [InlineData("cut")]
    [InlineData("flipped")]
    [InlineData("foreign")]
    [InlineData("locked away")]
    public void Get_EntrySpoiled_IsCompiledAgain(string how)
    {
        KernelCache cache = new(_folder, Compiler());
        CompiledKernels first = cache.Get(Source, "sm_80", None);
        string file = Assert.Single(Directory.GetFiles(_folder));
        byte[] whole = File.ReadAllBytes(file);
        byte[] spoiled = [.. whole];
        spoiled[whole.Length / 2] ^= 1;
        switch (how)
        {
            case "empty":
                File.WriteAllBytes(file, []);
                break;
            case "cut":
                File.WriteAllBytes(file, whole[..(whole.Length / 2)]);
                break;
            case "flipped":
                File.WriteAllBytes(file, spoiled);
                break;
            case "foreign":
                File.WriteAllText(file, "This is not a kernel, though it is long enough to be taken for the head of one by a careless reader.");
                break;
            default:
                File.Delete(file);
                Directory.CreateDirectory(file);
                break;
        }

        CompiledKernels again = cache.Get(Source, "sm_80", None);

        Assert.Equal(first.Image.Ptx, again.Image.Ptx);
        Assert.True(how == "locked away" || File.ReadAllBytes(file).AsSpan().SequenceEqual(whole));
        Assert.Empty(Directory.GetFiles(_folder, "*.partial"));
    }

    [NvrtcFact]
    public void Get_FolderCannotBeMade_StillCompiles()
    {
        string occupied = Path.Combine(_folder, "file");
        File.WriteAllText(occupied, string.Empty);

        Assert.Contains("fill_forward", new KernelCache(Path.Combine(occupied, "kernels"), Compiler()).Get(Source, "sm_80", None).Image.Ptx);
    }

    [NvrtcFact]
    public void Get_NoCompilerButShipped_IsTaken()
    {
        CompiledKernels compiled = Compiler().Compile(Source, "sm_86", None);
        KernelCache.Ship(_folder, Source, None, compiled);

        KernelCache cache = new(null, null, "NVRTC was not found.", _folder);

        Assert.True(cache.IsUsable);
        Assert.Equal(compiled.Image.Ptx, cache.Get(Source, "sm_86", None).Image.Ptx);
        string message = Assert.Throws<NotSupportedException>(() => cache.Get(Source, "sm_80", None)).Message;
        Assert.Equal("kernels/fill.cu for sm_80 did not come with this program, and NVRTC was not found.", message);
    }

    [Fact]
    public void IsUsable_NeitherCompilerNorShipped_IsFalse() =>
        Assert.False(new KernelCache(_folder, null, "NVRTC was not found.", Path.Combine(_folder, "none")).IsUsable);

    [NvrtcFact]
    public async Task Get_ManyProcessesAtOnce_AllGetTheSameAndWholeFilesStay()
    {
        string kernels = Path.Combine(_folder, "source");
        string cache = Path.Combine(_folder, "cache");
        Directory.CreateDirectory(kernels);
        File.WriteAllText(Path.Combine(kernels, "value.cuh"), "#define VALUE 41\n");
        foreach (string stem in (string[])["a", "b", "c"])
        {
            File.WriteAllText(Path.Combine(kernels, stem + ".cu"), Text.Replace("fill", stem));
        }

        Process[] processes = [.. Enumerable.Range(0, 4).Select(_ => Start(kernels, cache))];
        foreach (Process process in processes)
        {
            Assert.Equal("ready", await process.StandardOutput.ReadLineAsync());
        }

        foreach (Process process in processes)
        {
            process.StandardInput.Close();
        }

        string[] outputs = await Task.WhenAll(processes.Select(process => process.StandardOutput.ReadToEndAsync()));
        foreach (Process process in processes)
        {
            await process.WaitForExitAsync();
            Assert.Equal(0, process.ExitCode);
            process.Dispose();
        }

        Assert.Single(outputs.Distinct());
        Assert.Equal(3, outputs[0].Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(3, Directory.GetFiles(cache).Length);
        Assert.All(Directory.GetFiles(cache), static file => Assert.EndsWith(".rfk", file));
    }

    private static Process Start(string kernels, string cache)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (string argument in (string[])[Path.Combine(AppContext.BaseDirectory, "RewardForcing.Native.TestProcess.dll"), "kernels", kernels, cache])
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    private static KernelSource Make(string header) => new("fill.cu", Text, new Dictionary<string, string> { ["value.cuh"] = header });

    private static KernelCompiler Compiler() => KernelCompiler.Open(out string? problem) ?? throw new InvalidOperationException(problem);
}
