using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Ops;

public class Conv2dTests
{
    public static TheoryData<string> Paths => KernelSamples.Paths();

    [Theory]
    [MemberData(nameof(Paths))]
    public void ForwardCpu_OddSizes_GivesTheFormula(string path)
    {
        Compare(path, new Shape(1, 1, 1), new Shape(1, 1, 1, 1), Conv2dPlan.Same(0), DType.F32, DType.F32);
        Compare(path, new Shape(5, 7, 3), new Shape(4, 3, 3, 3), Conv2dPlan.Same(1), DType.F32, DType.F32);
        Compare(path, new Shape(2, 3, 9, 11, 20), new Shape(49, 20, 3, 3), Conv2dPlan.Same(1), DType.F32, DType.F32);
        Compare(path, new Shape(3, 4, 5, 33), new Shape(7, 33, 5, 1), new Conv2dPlan(1, 3, 0, 0, 2), DType.F32, DType.F32);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void ForwardCpu_StepOfTwo_GivesTheFormula(string path)
    {
        Compare(path, new Shape(2, 9, 13, 6), new Shape(10, 6, 3, 3), new Conv2dPlan(2, 0, 1, 0, 1), DType.F32, DType.F32);
        Compare(path, new Shape(1, 14, 14, 3), new Shape(5, 3, 7, 7), new Conv2dPlan(7, 0, 0, 0, 0), DType.F32, DType.F32);
        Compare(path, new Shape(1, 6, 2, 5), new Shape(5, 5, 2, 2), new Conv2dPlan(3, 2, 1, 1, 2), DType.F32, DType.F32);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void ForwardCpu_EveryStorageType_GivesTheFormula(string path)
    {
        foreach (DType weights in new[] { DType.F32, DType.BF16, DType.F16, DType.F8E4M3 })
        {
            Compare(path, new Shape(2, 4, 5, 12), new Shape(13, 12, 3, 3), Conv2dPlan.Same(1), DType.F32, weights);
            Compare(path, new Shape(2, 4, 5, 12), new Shape(13, 12, 3, 3), Conv2dPlan.Same(1), DType.BF16, weights);
        }
    }

    [Theory]
    [InlineData(0, 1, "the step must be at least 1")]
    [InlineData(1, -1, "padding at least 0")]
    [InlineData(1, 0, "at least as large as the kernel")]
    public void Forward_PlansThatDoNotFit_AreRefused(int stride, int padding, string says)
    {
        using var cpu = new CpuDevice(1);
        using Pass pass = Pass.Inference(cpu);
        ArgumentException refusal = Assert.Throws<ArgumentException>(() =>
            Conv2d.Forward(pass, pass.Zeros(new Shape(2, 2, 4)), pass.Zeros(new Shape(5, 4, 3, 3)), null, new Conv2dPlan(stride, padding, padding, padding, padding)));
        Assert.Contains(says, refusal.Message, StringComparison.Ordinal);
    }

    private static void Compare(string path, Shape input, Shape filter, Conv2dPlan plan, DType type, DType weights)
    {
        using var cpu = new CpuDevice(2, checkMemory: true);
        using Pass pass = Pass.Inference(cpu);
        Tensor x = KernelSamples.Random(pass, input, type, 1);
        Tensor weight = KernelSamples.Random(pass, filter, weights, 2);
        Tensor bias = KernelSamples.Random(pass, new Shape(filter[0]), weights, 3);
        int high = ((input[^3] + plan.Top + plan.Bottom - filter[2]) / plan.Stride) + 1;
        int wide = ((input[^2] + plan.Left + plan.Right - filter[3]) / plan.Stride) + 1;
        Tensor y = pass.New(input.With(^3, high).With(^2, wide).With(^1, filter[0]), type);
        Conv2d.ForwardCpu(cpu, Enum.Parse<SimdPath>(path), x, weight, bias, plan, y);
        KernelSamples.Near(Formula(x, weight, bias, plan, y.Shape), y);
    }

    private static double[] Formula(Tensor x, Tensor weight, Tensor bias, Conv2dPlan plan, Shape output)
    {
        (float[] image, float[] w, float[] b) = (x.ToFloats(), weight.ToFloats(), bias.ToFloats());
        (int height, int width, int channels, int kh, int kw) = (x.Shape[^3], x.Shape[^2], x.Shape[^1], weight.Shape[2], weight.Shape[3]);
        double[] y = new double[output.Count];
        for (int at = 0; at < y.Length; at++)
        {
            int o = at % output[^1], column = at / output[^1] % output[^2], line = at / output[^1] / output[^2] % output[^3], number = at / output[^1] / output[^2] / output[^3];
            double sum = b[o];
            for (int tap = 0; tap < kh * kw; tap++)
            {
                (int h, int v) = ((line * plan.Stride) + (tap / kw) - plan.Top, (column * plan.Stride) + (tap % kw) - plan.Left);
                for (int c = 0; h >= 0 && h < height && v >= 0 && v < width && c < channels; c++)
                {
                    sum += (double)image[(((((number * height) + h) * width) + v) * channels) + c] * w[(((o * channels) + c) * kh * kw) + tap];
                }
            }

            y[at] = sum;
        }

        return y;
    }
}
