using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Ops;

public class CausalConv3dTests
{
    public static TheoryData<string> Paths => KernelSamples.Paths();

    [Theory]
    [MemberData(nameof(Paths))]
    public void ForwardCpu_OddSizes_GivesTheFormula(string path)
    {
        Compare(path, new Shape(1, 1, 1, 1, 1), new Shape(1, 1, 1, 1, 1), 0, 0, 1, DType.F32, DType.F32);
        Compare(path, new Shape(1, 3, 5, 7, 5), new Shape(6, 5, 3, 3, 3), 0, 2, 1, DType.F32, DType.F32);
        Compare(path, new Shape(2, 2, 3, 19, 9), new Shape(50, 9, 3, 3, 3), 1, 2, 1, DType.F32, DType.F32);
        Compare(path, new Shape(1, 4, 2, 3, 100), new Shape(17, 100, 3, 1, 1), 2, 2, 1, DType.F32, DType.F32);
        Compare(path, new Shape(2, 1, 9, 2, 3), new Shape(49, 3, 1, 5, 3), 0, 0, 1, DType.F32, DType.F32);
        Compare(path, new Shape(1, 3, 5, 7, 16), new Shape(16, 16, 3, 3, 3), 1, 2, 1, DType.F32, DType.F32);
        Compare(path, new Shape(1, 2, 5, 7, 16), new Shape(32, 16, 3, 3, 3), 0, 2, 1, DType.BF16, DType.BF16);
        Compare(path, new Shape(1, 2, 3, 5, 7), new Shape(61, 7, 3, 3, 3), 0, 2, 1, DType.F32, DType.F32);
    }

    // Few columns have tiles of their own.
    [Theory]
    [MemberData(nameof(Paths))]
    public void ForwardCpu_FewOutputs_GivesTheBitsOfMany(string path)
    {
        using var cpu = new CpuDevice(2, checkMemory: true);
        using Pass pass = Pass.Inference(cpu);
        Tensor x = KernelSamples.Random(pass, new Shape(1, 2, 5, 9, 40), DType.F32, 1), weight = KernelSamples.Random(pass, new Shape(144, 40, 3, 3, 3), DType.F32, 2), bias = KernelSamples.Random(pass, new Shape(144), DType.F32, 3);
        float[] Run(int outputs)
        {
            Tensor y = pass.New(x.Shape.With(4, outputs));
            CausalConv3d.ForwardCpu(cpu, Enum.Parse<SimdPath>(path), x, pass.Slice(weight, 0, outputs), pass.Slice(bias, 0, outputs), null, 2, 1, y);
            return y.ToFloats();
        }

        float[] many = Run(144);
        foreach (int outputs in new[] { 1, 3, 16, 17, 32, 33, 48, 50, 64 })
        {
            Assert.Equal([.. many.Chunk(144).SelectMany(row => row.Take(outputs))], Run(outputs));
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void ForwardCpu_DepthOfManyBlocks_GivesTheFormula(string path) =>
        Compare(path, new Shape(1, 2, 3, 3, 900), new Shape(5, 900, 3, 3, 3), 2, 2, 1, DType.F32, DType.F32);

    [Theory]
    [MemberData(nameof(Paths))]
    public void ForwardCpu_SteppedInTime_GivesTheFormula(string path)
    {
        Compare(path, new Shape(1, 4, 3, 4, 6), new Shape(7, 6, 3, 1, 1), 1, 1, 2, DType.F32, DType.F32);
        Compare(path, new Shape(1, 7, 2, 2, 4), new Shape(3, 4, 3, 1, 1), 0, 0, 2, DType.F32, DType.F32);
        Compare(path, new Shape(2, 5, 2, 3, 4), new Shape(3, 4, 2, 3, 3), 3, 4, 3, DType.F32, DType.F32);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void ForwardCpu_EveryStorageType_GivesTheFormula(string path)
    {
        foreach (DType weights in new[] { DType.F32, DType.BF16, DType.F16, DType.F8E4M3 })
        {
            Compare(path, new Shape(1, 2, 4, 5, 10), new Shape(11, 10, 3, 3, 3), 1, 2, 1, DType.F32, weights);
            Compare(path, new Shape(1, 2, 4, 5, 10), new Shape(11, 10, 3, 3, 3), 2, 2, 1, DType.BF16, weights);
        }
    }

    [Fact]
    public void ForwardCpu_OneThreadOrFive_GivesTheSameBits()
    {
        float[][] results = new float[2][];
        foreach ((int index, int threads) in new[] { (0, 1), (1, 5) })
        {
            using var cpu = new CpuDevice(threads);
            using Pass pass = Pass.Inference(cpu);
            Tensor x = KernelSamples.Random(pass, new Shape(1, 2, 24, 25, 40), DType.F32, 1);
            Tensor weight = KernelSamples.Random(pass, new Shape(70, 40, 3, 3, 3), DType.F32, 2);
            results[index] = CausalConv3d.Forward(pass, x, weight, null, null, 2).ToArray<float>();
        }

        Assert.Equal(results[0], results[1]);
    }

    [Fact]
    public void Forward_FramesOneByOneWithHistory_GivesWhatTheWholeVideoGives()
    {
        using var cpu = new CpuDevice(2, checkMemory: true);
        using Pass pass = Pass.Inference(cpu);
        Tensor x = KernelSamples.Random(pass, new Shape(1, 5, 4, 6, 8), DType.F32, 1);
        Tensor weight = KernelSamples.Random(pass, new Shape(9, 8, 3, 3, 3), DType.F32, 2);
        Tensor bias = KernelSamples.Random(pass, new Shape(9), DType.F32, 3);
        float[] whole = CausalConv3d.Forward(pass, x, weight, bias, null, 2).ToArray<float>();
        Tensor frames = pass.Reshape(x, new Shape(5, 1, 4, 6, 8));
        for (int frame = 0; frame < 5; frame++)
        {
            int before = Math.Min(frame, 2);
            Tensor now = pass.Slice(frames, frame, 1);
            Tensor? history = before == 0 ? null : pass.Reshape(pass.Slice(frames, frame - before, before), new Shape(1, before, 4, 6, 8));
            float[] part = CausalConv3d.Forward(pass, now, weight, bias, history, 2).ToArray<float>();
            Assert.Equal(whole.AsSpan(frame * part.Length, part.Length).ToArray(), part);
        }
    }

    [Fact]
    public void Forward_EmptyWeight_IsRefused()
    {
        using var cpu = new CpuDevice(1);
        using Pass pass = Pass.Inference(cpu);
        ArgumentException refusal = Assert.Throws<ArgumentException>(() =>
            CausalConv3d.Forward(pass, pass.Zeros(new Shape(1, 2, 3, 3, 4)), pass.Zeros(new Shape(0, 4, 3, 3, 3)), null, null, 2));
        Assert.Equal("causal_conv3d: weight must not be empty, got [0, 4, 3, 3, 3].", refusal.Message);
    }

    [Theory]
    [InlineData(3, 2, 1, "must have at most 2 frames")]
    [InlineData(1, 2, 0, "frameStride at least 1")]
    [InlineData(0, 0, 1, "must have at least 3 frames")]
    public void Forward_StepsThatDoNotFit_AreRefused(int before, int padFrames, int frameStride, string says)
    {
        using var cpu = new CpuDevice(1);
        using Pass pass = Pass.Inference(cpu);
        Tensor? history = before == 0 ? null : pass.Zeros(new Shape(1, before, 3, 3, 4));
        ArgumentException refusal = Assert.Throws<ArgumentException>(() =>
            CausalConv3d.Forward(pass, pass.Zeros(new Shape(1, 2, 3, 3, 4)), pass.Zeros(new Shape(5, 4, 3, 3, 3)), null, history, padFrames, frameStride));
        Assert.Contains(says, refusal.Message, StringComparison.Ordinal);
    }

    private static void Compare(string path, Shape input, Shape filter, int before, int padFrames, int frameStride, DType type, DType weights)
    {
        using var cpu = new CpuDevice(2, checkMemory: true);
        using Pass pass = Pass.Inference(cpu);
        Tensor x = KernelSamples.Random(pass, input, type, 1);
        Tensor weight = KernelSamples.Random(pass, filter, weights, 2);
        Tensor bias = KernelSamples.Random(pass, new Shape(filter[0]), weights, 3);
        Tensor? history = before == 0 ? null : KernelSamples.Random(pass, input.With(1, before), type, 4);
        int made = ((input[1] + padFrames - filter[2]) / frameStride) + 1;
        Tensor y = pass.New(input.With(1, made).With(4, filter[0]), type);
        CausalConv3d.ForwardCpu(cpu, Enum.Parse<SimdPath>(path), x, weight, bias, history, padFrames, frameStride, y);
        KernelSamples.Near(Formula(x, weight, bias, history, padFrames, frameStride, y.Shape), y);
    }

    private static double[] Formula(Tensor x, Tensor weight, Tensor bias, Tensor? history, int padFrames, int frameStride, Shape output)
    {
        (float[] now, float[] w, float[] b, float[] past) = (x.ToFloats(), weight.ToFloats(), bias.ToFloats(), history?.ToFloats() ?? []);
        int before = history?.Shape[1] ?? 0;
        (int frames, int height, int width, int channels) = (x.Shape[1], x.Shape[2], x.Shape[3], x.Shape[4]);
        (int kt, int kh, int kw) = (weight.Shape[2], weight.Shape[3], weight.Shape[4]);
        double[] y = new double[output.Count];
        for (int at = 0; at < y.Length; at++)
        {
            int o = at % output[4], column = at / output[4] % output[3], line = at / output[4] / output[3] % output[2];
            int frame = at / output[4] / output[3] / output[2] % output[1], sample = at / output[4] / output[3] / output[2] / output[1];
            double sum = b[o];
            for (int tap = 0; tap < kt * kh * kw; tap++)
            {
                int t = (frame * frameStride) + (tap / kw / kh) - padFrames;
                (int h, int v) = (line + (tap / kw % kh) - (kh / 2), column + (tap % kw) - (kw / 2));
                if (h < 0 || h >= height || v < 0 || v >= width || t < -before)
                {
                    continue;
                }

                (float[] source, int first) = t >= 0 ? (now, (sample * frames) + t) : (past, (sample * before) + t + before);
                for (int c = 0; c < channels; c++)
                {
                    sum += (double)source[(((((first * height) + h) * width) + v) * channels) + c] * w[(((o * channels) + c) * kt * kh * kw) + tap];
                }
            }

            y[at] = sum;
        }

        return y;
    }
}
