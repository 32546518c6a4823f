using RewardForcing.Native.Cuda.Compilation;
using Xunit;

namespace RewardForcing.Native.Tests.Cuda;

public class KernelSignatureTests
{
    [NvrtcFact]
    public void Parse_CompiledKernels_MatchTheirDeclarations()
    {
        const string Text = """
            struct alignas(64) Map { unsigned long long words[16]; };
            struct Pair { float a; short b; };
            extern "C" __global__ void nothing() {}
            extern "C" __global__ void mixed(float* y, int a, double b, unsigned char c, Pair pair, long long d, const __grid_constant__ Map map, bool e)
            {
                y[0] = a + b + c + pair.a + pair.b + d + map.words[1] + e;
            }
            """;
        KernelCompiler compiler = KernelCompiler.Open(out string? problem) ?? throw new InvalidOperationException(problem);
        KernelSource source = new("mixed.cu", Text, new Dictionary<string, string>());

        IReadOnlyDictionary<string, KernelSignature> signatures =
            KernelSignature.Parse(compiler.Compile(source, "compute_90", new Dictionary<string, string>()).Image.Ptx);

        Assert.Equal(["mixed", "nothing"], signatures.Keys.Order());
        Assert.Equal(0, signatures["nothing"].Bytes);
        Assert.Equal(
            [(0, 8), (8, 4), (16, 8), (24, 1), (28, 8), (40, 8), (64, 128), (192, 1)],
            signatures["mixed"].Parameters.Select(static parameter => (parameter.Offset, parameter.Bytes)));
        Assert.Equal(193, signatures["mixed"].Bytes);
    }

    [Fact]
    public void Parse_NewerPointerSyntax_IsUnderstood()
    {
        const string Ptx = ".visible .entry f(\n\t.param .u64 .ptr .align 1 f_param_0,\n\t.param .align 8 .b8 f_param_1[24],\n\t.param .f32 f_param_2\n)\n{\n}\n";

        KernelSignature signature = KernelSignature.Parse(Ptx)["f"];

        Assert.Equal([(0, 8), (8, 24), (32, 4)], signature.Parameters.Select(static parameter => (parameter.Offset, parameter.Bytes)));
    }

    [Fact]
    public void Parse_UnknownParameter_NamesKernelAndText()
    {
        string message = Assert.Throws<FormatException>(() => KernelSignature.Parse(".entry f(\n.param .texref f_param_0\n)\n")).Message;

        Assert.Contains("f:", message);
        Assert.Contains(".texref", message);
    }
}
