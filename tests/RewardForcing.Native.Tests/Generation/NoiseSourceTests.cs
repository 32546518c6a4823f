using RewardForcing.Native.Generation;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Generation;

public sealed class NoiseSourceTests
{
    private static readonly NoiseShape Shape = new(2, 6, 3, 2, 5, DType.F32);

    [Fact]
    public void PhiloxNoise_EveryDraw_IsAtItsDocumentedCounter()
    {
        using PhiloxNoise noise = new(77, prompt: 4, firstSample: 1);
        noise.Begin(Shape);
        int size = 3 * Shape.FrameSize;
        var drawn = new float[2 * size];
        noise.Renewal(5, 2, 3, drawn);
        var expected = new float[size];
        for (int sample = 0; sample < 2; sample++)
        {
            Philox.Normals(expected, (uint)(((1 + sample) << 16) | 3), 5, 4, 77);
            Assert.Equal(expected, drawn[(sample * size)..((sample + 1) * size)]);
        }

        noise.Initial(0, 0, 3, drawn);
        Philox.Normals(expected, 1 << 16, 0, 4, 77);
        Assert.Equal(expected, drawn[..size]);

        noise.Begin(Shape);
        noise.Initial(0, 0, 3, drawn);
        Philox.Normals(expected, 1 << 16, 0, 5, 77);
        Assert.Equal(expected, drawn[..size]);
    }

    [Fact]
    public void PhiloxNoise_Bf16_IsF32Rounded()
    {
        using PhiloxNoise noise = new(1);
        var exact = new float[Shape.Count(2)];
        noise.Begin(Shape);
        noise.Initial(0, 0, 2, exact);
        using PhiloxNoise rounding = new(1);
        var rounded = new float[exact.Length];
        rounding.Begin(Shape with { Type = DType.BF16 });
        rounding.Initial(0, 0, 2, rounded);
        Assert.Equal(Array.ConvertAll(exact, static value => (float)(BFloat16)value), rounded);
        Assert.NotEqual(exact, rounded);
    }

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    public void TorchCpuNoise_OrderOfDraws_IsWholeVideoFirst(DType type)
    {
        TorchCpuRandom reference = new(5);
        var whole = new float[Shape.Count(6)];
        var renewal = new float[Shape.Count(2)];
        Draw(whole);
        using TorchCpuNoise noise = new(new TorchCpuRandom(5));
        noise.Begin(Shape with { Type = type });
        var drawn = new float[Shape.Count(2)];
        for (int block = 0; block < 3; block++)
        {
            noise.Initial(block, 2 * block, 2, drawn);
            int size = 2 * Shape.FrameSize;
            Assert.Equal(whole[(block * size)..((block + 1) * size)], drawn[..size]);
            Assert.Equal(whole.AsSpan((6 * Shape.FrameSize) + (block * size), size).ToArray(), drawn[size..]);
            Draw(renewal);
            noise.Renewal(block, 0, 2, drawn);
            Assert.Equal(renewal, drawn);
        }

        // The generator goes on with the next video.
        Draw(whole);
        noise.Begin(Shape with { Type = type });
        noise.Initial(0, 0, 2, drawn);
        Assert.Equal(whole[0], drawn[0]);

        void Draw(float[] values)
        {
            if (type == DType.BF16)
            {
                reference.NormalBf16(values);
            }
            else
            {
                reference.Normal(values);
            }
        }
    }

    [Fact]
    public void TorchCpuNoise_VideoThatFitsInNoArray_IsRefused()
    {
        using TorchCpuNoise noise = new(new TorchCpuRandom(5));
        Assert.Throws<ArgumentException>(() => noise.Begin(new NoiseShape(1, 100_000, 16, 60, 104, DType.F32)));
    }
}
