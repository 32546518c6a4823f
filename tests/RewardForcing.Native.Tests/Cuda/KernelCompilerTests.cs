using RewardForcing.Native.Cuda;
using RewardForcing.Native.Cuda.Compilation;
using Xunit;

namespace RewardForcing.Native.Tests.Cuda;

public class KernelCompilerTests
{
    private const string Scale = """
        // scale: y[i] = factor * x[i]
        #include "common/index.cuh"

        extern "C" __global__ void __launch_bounds__(RF_THREADS) scale_forward(float* y, const float* x, long long count, float factor)
        {
            __shared__ float staged[RF_THREADS];
            long long i = global_index();
            staged[threadIdx.x] = i < count ? x[i] : 0.0f;
            __syncthreads();
            if (i < count)
            {
                y[i] = factor * staged[threadIdx.x];
            }
        }
        """;

    private const string Index = """
        #pragma once
        __device__ __forceinline__ long long global_index()
        {
            return (long long)blockIdx.x * blockDim.x + threadIdx.x;
        }
        """;

    private static readonly Dictionary<string, string> Defines = new() { ["RF_THREADS"] = "128" };

    [NvrtcTheory]
    [InlineData("sm_80")]
    [InlineData("sm_86")]
    [InlineData("sm_89")]
    [InlineData("sm_90a")]
    public void Compile_Architecture_GivesPtxMachineCodeAndReport(string target)
    {
        CompiledKernels compiled = Compiler().Compile(Sources(Scale).Get("scale"), target, Defines);

        Assert.Contains($".target {target}", compiled.Image.Ptx);
        Assert.Contains(".loc", compiled.Image.Ptx);
        Assert.Equal([0x7F, (byte)'E', (byte)'L', (byte)'F'], compiled.Image.Cubin.Span[..4].ToArray());
        KernelResources kernel = Assert.Single(compiled.Resources);
        Assert.Equal("scale_forward", kernel.Entry);
        Assert.InRange(kernel.Registers, 4, 64);
        Assert.Equal(128 * sizeof(float), kernel.StaticSharedBytes);
        Assert.Equal((0, 0, 0), (kernel.StackBytes, kernel.SpillStoreBytes, kernel.SpillLoadBytes));
    }

    [NvrtcFact]
    public void Compile_VirtualArchitecture_GivesPtxAlone()
    {
        CompiledKernels compiled = Compiler().Compile(Sources(Scale).Get("scale"), "compute_80", Defines);

        Assert.True(compiled.Image.Cubin.IsEmpty);
        Assert.Empty(compiled.Resources);
        Assert.Contains("scale_forward", compiled.Image.Ptx);
    }

    [NvrtcFact]
    public void Compile_TooFewRegisters_ReportsSpills()
    {
        const string Hungry = """
            extern "C" __global__ void __launch_bounds__(1024, 2) hungry(float* y, const float* x)
            {
                float kept[64];
                #pragma unroll
                for (int i = 0; i < 64; i++) { kept[i] = x[i * blockDim.x + threadIdx.x]; }
                __syncthreads();
                #pragma unroll
                for (int i = 0; i < 64; i++) { y[i * blockDim.x + threadIdx.x] = kept[i] * kept[63 - i]; }
            }
            """;

        KernelResources kernel = Assert.Single(Compiler().Compile(Sources(Hungry, "hungry").Get("hungry"), "sm_80", Defines).Resources);

        Assert.Equal(32, kernel.Registers);
        Assert.True(kernel.SpillStoreBytes > 0 && kernel.SpillLoadBytes > 0, kernel.ToString());
    }

    [NvrtcFact]
    public void Compile_WrongSource_NamesFileAndLine()
    {
        string wrong = Scale.Replace("y[i] = factor", "z[i] = factor");

        CudaException error = Assert.Throws<CudaException>(() => Compiler().Compile(Sources(wrong).Get("scale"), "sm_80", Defines));

        Assert.Contains("scale.cu(12)", error.Detail);
        Assert.Contains("\"z\" is undefined", error.Message);
        Assert.Contains("-DRF_THREADS=128", error.Message);
    }

    [NvrtcFact]
    public void Compile_WrongHeader_NamesHeaderAndLine()
    {
        KernelSources sources = new(new Dictionary<string, string> { ["scale.cu"] = Scale, ["common/index.cuh"] = "#pragma once\nint x = ;" });

        CudaException error = Assert.Throws<CudaException>(() => Compiler().Compile(sources.Get("scale"), "sm_80", Defines));

        Assert.Contains("common/index.cuh(2)", error.Detail);
    }

    [NvrtcFact]
    public void Compile_UnknownArchitecture_SaysSo()
    {
        CudaException error = Assert.Throws<CudaException>(() => Compiler().Compile(Sources(Scale).Get("scale"), "sm_12", Defines));

        Assert.Contains("--gpu-architecture", error.Detail);
    }

    [NvrtcFact]
    public void Compile_OutsideHeader_IsNotFound()
    {
        KernelSource source = new("outside.cu", "#include <cuda_bf16.h>\n", new Dictionary<string, string>());

        CudaException error = Assert.Throws<CudaException>(() => Compiler().Compile(source, "sm_80", Defines));

        Assert.Contains("cuda_bf16.h", error.Detail);
    }

    private static KernelCompiler Compiler() => KernelCompiler.Open(out string? problem) ?? throw new InvalidOperationException(problem);

    private static KernelSources Sources(string text, string stem = "scale") =>
        new(new Dictionary<string, string> { [stem + ".cu"] = text, ["common/index.cuh"] = Index });
}
