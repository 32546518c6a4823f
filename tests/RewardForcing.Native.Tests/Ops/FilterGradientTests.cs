using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Ops;

public class FilterGradientTests
{
    public static TheoryData<string, int, int, int, int> PathsAndSizes
    {
        get
        {
            TheoryData<string, int, int, int, int> rows = [];
            foreach (SimdPath path in SimdPaths.Supported)
            {
                rows.Add(path.ToString(), 1, 1, 1, 1);
                rows.Add(path.ToString(), 700, 3, 5, 9);
                rows.Add(path.ToString(), 300, 50, 21, 1);
                rows.Add(path.ToString(), 90, 7, 530, 2);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(PathsAndSizes))]
    public void Run_EveryPathTypeAndNumberOfThreads_IsTheSumOverRows(string path, int rows, int channels, int outputs, int taps)
    {
        foreach (DType type in (ReadOnlySpan<DType>)[DType.F32, DType.BF16])
        {
            float[] one = Check(Enum.Parse<SimdPath>(path), 1, type, rows, channels, outputs, taps);
            Assert.Equal(one, Check(Enum.Parse<SimdPath>(path), 3, type, rows, channels, outputs, taps));
        }
    }

    private static float[] Check(SimdPath path, int threads, DType type, int rows, int channels, int outputs, int taps)
    {
        using CpuDevice cpu = new(threads, checkMemory: true);
        using Pass pass = Pass.Inference(cpu);
        Random random = new(rows);
        Tensor Draw(params ReadOnlySpan<int> extents)
        {
            Tensor values = pass.New(new Shape(extents));
            foreach (ref float value in values.Span<float>())
            {
                value = random.NextSingle() - 0.5f;
            }

            return Cast.Forward(pass, values, type);
        }

        // Tap t of row r is row r + t of what the taps slide over.
        (Tensor x, Tensor dy) = (Draw(rows + taps, channels), Draw(rows, outputs));
        (Tensor dweight, Tensor dbias) = (pass.New(new Shape(outputs, channels, taps)), pass.New(new Shape(outputs)));
        FilterGradient.Run(cpu, path, new SlidingRows(x.Address, channels * type.Size()), type, channels, taps, dy, dweight, dbias);
        (float[] left, float[] right, float[] got, float[] bias) = (x.ToFloats(), dy.ToFloats(), dweight.ToArray<float>(), dbias.ToArray<float>());
        for (int output = 0; output < outputs; output++)
        {
            double total = 0;
            for (int row = 0; row < rows; row++)
            {
                total += right[(row * outputs) + output];
            }

            Assert.Equal(total, bias[output], 1e-5 * Math.Sqrt(rows));
            for (int at = 0; at < channels * taps; at++)
            {
                (int channel, int tap) = Math.DivRem(at, taps);
                double sum = 0;
                for (int row = 0; row < rows; row++)
                {
                    sum += (double)right[(row * outputs) + output] * left[((row + tap) * channels) + channel];
                }

                Assert.Equal(sum, got[(output * channels * taps) + at], 1e-6 * Math.Sqrt(rows));
            }
        }

        return [.. got, .. bias];
    }

    private readonly unsafe struct SlidingRows(nint address, nint step) : IRowSource
    {
        public void Point(long firstRow, int rows, int firstTap, int taps, nint* addresses, int stride)
        {
            for (int i = 0; i < taps * stride; i++)
            {
                addresses[i] = address + ((nint)(firstRow + Math.Min(i % stride, rows - 1) + firstTap + (i / stride)) * step);
            }
        }
    }
}
