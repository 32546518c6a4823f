using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Models;

public class VaeTrainingTests
{
    private static readonly VaeConfig Tiny = new() { Dim = 2, LatentChannels = 3, ResidualBlocks = 1 };

    // Pixels of two channels lose their direction to a rounding.
    private static readonly VaeConfig Wide = new() { Dim = 16, LatentChannels = 3, ResidualBlocks = 1 };

    [Theory]
    [InlineData(true, 1)]
    [InlineData(true, 3)]
    [InlineData(false, 4)]
    public void Run_InPiecesOfOnePass_GivesTheGradientsOfTheWhole(bool decode, int piece)
    {
        float[] whole = Gradients(1, decode, piece: null, DType.F32), pieces = Gradients(1, decode, piece, DType.F32);
        Assert.InRange(Error(pieces, whole), 0, 5e-6);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Backward_AnyNumberOfThreads_GivesTheSameBits(bool decode) => Assert.Equal(Gradients(1, decode, null, DType.F32), Gradients(3, decode, null, DType.F32));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Backward_InBf16_IsNearFloat(bool decode) =>
        Assert.InRange(Error(Gradients(2, decode, null, DType.BF16, Wide), Gradients(2, decode, null, DType.F32, Wide)), 1e-4, 0.1);

    [Fact]
    public void Decode_StreamOfAnotherPass_RefusesToRecord()
    {
        using CpuDevice device = new(1, checkMemory: true);
        using WanVae vae = Load(device);
        using VaeStream stream = vae.OpenDecodeStream();
        using (Pass first = Pass.Training(device))
        {
            vae.Decode(first, Noise(first, 1, 2, 3, 3), stream);
        }

        using Pass second = Pass.Training(device);
        Tensor next = Noise(second, 1, 2, 3, 3);
        Assert.Contains("another pass", Assert.Throws<NotSupportedException>(() => vae.Decode(second, next, stream)).Message, StringComparison.Ordinal);

        // Nothing is lost: frozen, the video goes on.
        foreach (Parameter parameter in vae.Weights)
        {
            parameter.Trainable = false;
        }

        Assert.Equal(4, vae.Decode(second, next, stream).Shape[1]);
    }

    [Fact]
    public void EncodeMoments_MeanNormalised_IsTheLatent()
    {
        using CpuDevice device = new(1, checkMemory: true);
        using WanVae vae = Load(device);
        using Pass pass = Pass.Inference(device);
        Tensor video = Noise(pass, 5, 8, 16, 3);
        float[] moments = vae.EncodeMoments(pass, video).ToFloats(), latents = vae.Encode(pass, video).ToFloats();
        int z = Tiny.LatentChannels;
        Assert.Equal(2 * latents.Length, moments.Length);
        for (int i = 0; i < latents.Length; i++)
        {
            double mean = moments[(i / z * 2 * z) + (i % z)];
            Assert.Equal((mean - Tiny.LatentMean[i % z]) / Tiny.LatentStd[i % z], latents[i], 1e-5);
        }
    }

    private static WanVae Load(Device device, VaeConfig? config = null)
    {
        using MemoryArchive archive = MemoryArchive.Random(WanVae.Declare(config ?? Tiny), 3);
        WanVae vae = WanVae.Load(device, archive);
        foreach (Parameter parameter in vae.Weights)
        {
            parameter.Trainable = true;
        }

        return vae;
    }

    // All gradients, one after the other, that of the input last; a piece of null leaves the cut to the network.
    private static float[] Gradients(int threads, bool decode, int? piece, DType type, VaeConfig? config = null)
    {
        using CpuDevice device = new(threads, checkMemory: true);
        List<float> gradients = [];
        using (WanVae vae = Load(device, config))
        using (Parameter x = Parameter.New(device, "x", decode ? new Shape(1, 4, 2, 3, 3) : new Shape(1, 9, 8, 16, 3)))
        using (Pass pass = Pass.Training(device))
        {
            x.Value.CopyFrom(Noise(pass, x.Shape[1], x.Shape[2], x.Shape[3], x.Shape[4]));
            x.Trainable = true;
            Tensor input = Cast.Forward(pass, x, type), y = Run(pass, vae, input, decode, piece);
            Tensor weights = Cast.Forward(pass, Noise(pass, y.Shape[1], y.Shape[2], y.Shape[3], y.Shape[4]), type);
            pass.Backward(Reduce.Sum(pass, Multiply.Forward(pass, y, weights)));
            foreach (Parameter parameter in vae.Weights.Append(x))
            {
                gradients.AddRange(parameter.Grad?.ToFloats() ?? []);
            }
        }

        Assert.Equal(0, device.LiveBytes);
        return [.. gradients];
    }

    private static Tensor Run(Pass pass, WanVae vae, Tensor x, bool decode, int? piece)
    {
        if (piece is not { } step)
        {
            return decode ? vae.Decode(pass, x) : vae.Encode(pass, x);
        }

        using VaeStream stream = decode ? vae.OpenDecodeStream() : vae.OpenEncodeStream();
        List<Tensor> parts = [];
        for (int at = 0; at < x.Shape[1];)
        {
            int count = Math.Min(at == 0 ? 1 : step, x.Shape[1] - at);
            Tensor part = Narrow.Forward(pass, x, 1, at, count);
            parts.Add(decode ? vae.Decode(pass, part, stream) : vae.Encode(pass, part, stream));
            at += count;
        }

        return Concat.Forward(pass, 1, [.. parts]);
    }

    private static Tensor Noise(Pass pass, int frames, int height, int width, int channels)
    {
        Random random = new(frames * height);
        return pass.From<float>(new Shape(1, frames, height, width, channels), [.. Enumerable.Range(0, frames * height * width * channels).Select(_ => (float)((2 * random.NextDouble()) - 1))]);
    }

    private static double Error(float[] got, float[] expected) => Math.Sqrt(
        got.Zip(expected).Sum(static pair => Math.Pow(pair.First - pair.Second, 2)) / expected.Sum(static value => (double)value * value));
}
