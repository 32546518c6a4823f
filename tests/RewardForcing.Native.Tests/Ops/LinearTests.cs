using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Ops;

public class LinearTests
{
    public static TheoryData<string> Paths => KernelSamples.Paths();

    [Theory]
    [MemberData(nameof(Paths))]
    public void ForwardCpu_OddSizes_GivesTheFormula(string path)
    {
        using var cpu = new CpuDevice(2, checkMemory: true);
        foreach ((int rows, int inputs, int outputs) in new[] { (1, 1, 1), (7, 3, 5), (8, 48, 48), (9, 47, 49), (17, 129, 97), (5, 1537, 31), (3, 2305, 7) })
        {
            Compare(cpu, path, rows, inputs, outputs, DType.F32, DType.F32, hasBias: rows % 2 == 1, Activation.None);
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void ForwardCpu_EveryStorageType_GivesTheFormula(string path)
    {
        using var cpu = new CpuDevice(2, checkMemory: true);
        foreach (DType weights in new[] { DType.F32, DType.BF16, DType.F16, DType.F8E4M3 })
        {
            Compare(cpu, path, 13, 70, 51, DType.F32, weights, hasBias: true, Activation.None);
            Compare(cpu, path, 13, 70, 51, DType.BF16, weights, hasBias: true, Activation.None);
            Compare(cpu, path, 6, 900, 20, DType.BF16, weights, hasBias: false, Activation.None);
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void ForwardCpu_ActivationAfterSum_GivesTheFormula(string path)
    {
        using var cpu = new CpuDevice(2, checkMemory: true);
        foreach (Activation activation in Enum.GetValues<Activation>())
        {
            Compare(cpu, path, 11, 40, 37, DType.F32, DType.F32, hasBias: true, activation);
            Compare(cpu, path, 11, 40, 37, DType.BF16, DType.BF16, hasBias: true, activation);
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void ForwardCpu_OneThreadOrFive_GivesTheSameBits(string path)
    {
        SimdPath kernels = Enum.Parse<SimdPath>(path);
        (int rows, int inputs, int outputs) = kernels == SimdPath.Scalar ? (130, 800, 100) : (410, 1600, 500);
        float[][] results = new float[2][];
        foreach ((int index, int threads) in new[] { (0, 1), (1, 5) })
        {
            using var cpu = new CpuDevice(threads);
            using Pass pass = Pass.Inference(cpu);
            Tensor x = KernelSamples.Random(pass, new Shape(rows, inputs), DType.F32, 1);
            Tensor weight = KernelSamples.Random(pass, new Shape(outputs, inputs), DType.BF16, 2);
            Tensor y = pass.New(new Shape(rows, outputs));
            Linear.ForwardCpu(cpu, kernels, x, weight, null, Activation.None, y);
            results[index] = y.ToArray<float>();
        }

        Assert.Equal(results[0], results[1]);
    }

    [Fact]
    public void Forward_AnyLeadingDimensions_KeepsThem()
    {
        using var cpu = new CpuDevice(2, checkMemory: true);
        using Pass pass = Pass.Inference(cpu);
        Tensor weight = KernelSamples.Random(pass, new Shape(4, 3, 1, 1), DType.F32, 1);
        Assert.Equal(new Shape(4), Linear.Forward(pass, KernelSamples.Random(pass, new Shape(3), DType.F32, 2), weight).Shape);
        Assert.Equal(new Shape(2, 5, 4), Linear.Forward(pass, KernelSamples.Random(pass, new Shape(2, 5, 3), DType.F32, 2), weight).Shape);
        Assert.Equal(new Shape(2, 0, 4), Linear.Forward(pass, pass.New(new Shape(2, 0, 3)), weight).Shape);
    }

    [Fact]
    public void Forward_ScratchMemory_IsGivenBack()
    {
        using var cpu = new CpuDevice(2, checkMemory: true);
        using Pass pass = Pass.Inference(cpu);
        Tensor x = KernelSamples.Random(pass, new Shape(300, 200), DType.F32, 1);
        Tensor weight = KernelSamples.Random(pass, new Shape(400, 200), DType.F32, 2);
        long before = cpu.LiveBytes;
        using (Scope scope = pass.BeginScope())
        {
            Linear.Forward(pass, x, weight);
        }

        Assert.Equal(before, cpu.LiveBytes);
    }

    [Theory]
    [InlineData(2, 0, 4, 0, 4, "at least one channel")]
    [InlineData(2, 3, 0, 3, 0, "at least one channel")]
    [InlineData(2, 3, 4, 5, 4, "[O, 3]")]
    [InlineData(2, 3, 4, 3, 5, "bias must be [4]")]
    public void Forward_ShapesThatDoNotFit_AreRefused(int rows, int inputs, int outputs, int weightInputs, int biasLength, string says)
    {
        using var cpu = new CpuDevice(1);
        using Pass pass = Pass.Inference(cpu);
        ArgumentException refusal = Assert.Throws<ArgumentException>(() =>
            Linear.Forward(pass, pass.Zeros(new Shape(rows, inputs)), pass.Zeros(new Shape(outputs, weightInputs)), pass.Zeros(new Shape(biasLength))));
        Assert.StartsWith("linear: ", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(says, refusal.Message, StringComparison.Ordinal);
    }

    private static void Compare(CpuDevice cpu, string path, int rows, int inputs, int outputs, DType type, DType weights, bool hasBias, Activation activation)
    {
        using Pass pass = Pass.Inference(cpu);
        Tensor x = KernelSamples.Random(pass, new Shape(rows, inputs), type, 1);
        Tensor weight = KernelSamples.Random(pass, new Shape(outputs, inputs), weights, 2);
        Tensor? bias = hasBias ? KernelSamples.Random(pass, new Shape(outputs), weights, 3) : null;
        Tensor y = pass.New(new Shape(rows, outputs), type);
        Linear.ForwardCpu(cpu, Enum.Parse<SimdPath>(path), x, weight, bias, activation, y);
        KernelSamples.Near(Formula(x, weight, bias, activation), y);
    }

    private static double[] Formula(Tensor x, Tensor weight, Tensor? bias, Activation activation)
    {
        (float[] a, float[] w, float[]? b) = (x.ToFloats(), weight.ToFloats(), bias?.ToFloats());
        (int rows, int inputs, int outputs) = (x.Shape[0], x.Shape[1], weight.Shape[0]);
        double[] y = new double[rows * outputs];
        for (int row = 0; row < rows; row++)
        {
            for (int o = 0; o < outputs; o++)
            {
                double sum = b?[o] ?? 0;
                for (int i = 0; i < inputs; i++)
                {
                    sum += (double)a[(row * inputs) + i] * w[(o * inputs) + i];
                }

                y[(row * outputs) + o] = Activate(x.DType == DType.BF16 ? BFloat16.Round((float)sum) : sum, activation);
            }
        }

        return y;
    }

    private static double Activate(double x, Activation activation) => activation switch
    {
        Activation.GeluTanh => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))),
        Activation.GeluErf => 0.5 * x * (1 + Erf(x / Math.Sqrt(2))),
        Activation.Silu => x / (1 + Math.Exp(-x)),
        Activation.Relu => Math.Max(x, 0),
        _ => x,
    };

    // The series of erf, which converges fast for the arguments used here.
    private static double Erf(double x)
    {
        (double term, double sum) = (x, x);
        for (int n = 1; n < 200; n++)
        {
            term *= -x * x / n;
            sum += term / ((2 * n) + 1);
        }

        return 2 / Math.Sqrt(Math.PI) * sum;
    }
}
