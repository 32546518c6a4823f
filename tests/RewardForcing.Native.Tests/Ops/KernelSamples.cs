using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Ops;

/// <summary>Random operands of every storage type, and the comparison of a kernel with its formula in double precision.</summary>
internal static class KernelSamples
{
    /// <summary>Every set of kernels this machine can run.</summary>
    public static TheoryData<string> Paths()
    {
        var data = new TheoryData<string>();
        foreach (SimdPath path in SimdPaths.Supported)
        {
            data.Add(path.ToString());
        }

        return data;
    }

    /// <summary>Values between -1 and 1, representable in <paramref name="type"/>.</summary>
    public static Tensor Random(Pass pass, Shape shape, DType type, int seed)
    {
        var random = new Random(seed);
        float[] values = new float[shape.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (random.NextSingle() * 2) - 1;
        }

        Tensor tensor = pass.New(shape, type);
        switch (type)
        {
            case DType.F32:
                tensor.CopyFrom<float>(values);
                break;
            case DType.BF16:
                tensor.CopyFrom<BFloat16>(Array.ConvertAll(values, static v => (BFloat16)v));
                break;
            case DType.F16:
                tensor.CopyFrom<Half>(Array.ConvertAll(values, static v => (Half)v));
                break;
            default:
                tensor.CopyFrom<Float8E4M3>(Array.ConvertAll(values, static v => (Float8E4M3)v));
                break;
        }

        return tensor;
    }

    /// <summary>Requires <c>||actual - expected|| / ||expected||</c> within the budget: float sums, or one rounding to bfloat16.</summary>
    public static void Near(double[] expected, Tensor actual)
    {
        float[] values = actual.ToFloats();
        Assert.Equal(expected.Length, values.Length);
        (double difference, double size) = (0, 0);
        for (int i = 0; i < values.Length; i++)
        {
            double wanted = actual.DType == DType.BF16 ? BFloat16.Round((float)expected[i]) : expected[i];
            difference += (values[i] - wanted) * (values[i] - wanted);
            size += wanted * wanted;
        }

        double error = size > 0 ? Math.Sqrt(difference / size) : Math.Sqrt(difference);
        Assert.True(error <= (actual.DType == DType.BF16 ? 5e-4 : 1e-6), $"relative L2 error {error:E2}");
    }
}
