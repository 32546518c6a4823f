using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Models;

public class WanVaeTests
{
    private static readonly VaeConfig Tiny = new() { Dim = 2, LatentChannels = 3, ResidualBlocks = 1 };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void Decode_InPieces_EqualsWholeVideo(int piece)
    {
        using CpuDevice device = new(2, checkMemory: true);
        using WanVae vae = Load(device);
        float[] whole = Decode(device, vae, frames: 7, piece: 7);

        Assert.Equal(whole, Decode(device, vae, frames: 7, piece));
    }

    [Fact]
    public void Decode_SeveralLatentsAtOnce_EqualsOneByOne()
    {
        using CpuDevice device = new(2, checkMemory: true);
        using WanVae one = Load(device);
        using WanVae three = Load(device, new VaeOptions { LatentsPerStep = 3 });

        Assert.True(Error(Decode(device, three, 6, 6), Decode(device, one, 6, 6)) < 2e-6);
    }

    [Fact]
    public void Decode_FirstAndLaterLatents_GiveOneAndFourFrames()
    {
        using CpuDevice device = new(1);
        using WanVae vae = Load(device);
        using ILatentDecoder decoder = vae.OpenDecoder();
        using Pass pass = Pass.Inference(device);
        Assert.Equal(9, decoder.FramesFor(3));
        Assert.Equal(new Shape(1, 1, 16, 24, 3), decoder.Decode(pass, Latents(pass, 1)).Shape);
        Assert.Equal(8, decoder.FramesFor(2));
        Assert.Equal(new Shape(1, 8, 16, 24, 3), decoder.Decode(pass, Latents(pass, 2)).Shape);
        decoder.Reset();
        Assert.Equal(1, decoder.FramesFor(1));
    }

    [Fact]
    public void Decode_AfterReset_StartsAnotherVideo()
    {
        using CpuDevice device = new(1);
        using WanVae vae = Load(device);
        using ILatentDecoder decoder = vae.OpenDecoder();
        using Pass pass = Pass.Inference(device);
        float[] first = decoder.Decode(pass, Latents(pass, 2)).ToFloats();
        decoder.Reset();

        Assert.Equal(first, decoder.Decode(pass, Latents(pass, 2)).ToFloats());
    }

    [Fact]
    public void Decode_TwoHundredLatents_KeepsTheSameMemory()
    {
        using CpuDevice device = new(2);
        using WanVae vae = Load(device);
        long before = device.LiveBytes;
        using (ILatentDecoder decoder = vae.OpenDecoder())
        {
            long steady = 0;
            for (int latent = 0; latent < 200; latent++)
            {
                using (Pass pass = Pass.Inference(device))
                {
                    decoder.Decode(pass, pass.Zeros(new Shape(1, 1, 1, 1, 3)));
                }

                steady = latent == 2 ? device.LiveBytes : steady;
                Assert.True(latent <= 2 || device.LiveBytes == steady, $"latent {latent}: {device.LiveBytes} bytes instead of {steady}");
            }
        }

        Assert.Equal(before, device.LiveBytes);
    }

    [Fact]
    public void Encode_InPieces_EqualsWholeVideoAndIgnoresATail()
    {
        using CpuDevice device = new(2, checkMemory: true);
        using WanVae vae = Load(device);
        using Pass pass = Pass.Inference(device);
        Tensor video = pass.From<float>(new Shape(1, 11, 16, 24, 3), Noise(11 * 16 * 24 * 3, 5));
        Tensor whole = vae.Encode(pass, video);
        using VaeStream stream = vae.OpenEncodeStream();
        Tensor first = vae.Encode(pass, Narrow.Forward(pass, video, 1, 0, 5), stream);
        Tensor second = vae.Encode(pass, Narrow.Forward(pass, video, 1, 5, 4), stream);

        Assert.Equal(new Shape(1, 3, 2, 3, 3), whole.Shape);
        Assert.Equal(whole.ToFloats(), Concat.Forward(pass, 1, first, second).ToFloats());
    }

    [Fact]
    public void Decode_DiffusersNames_GivesTheSameFrames()
    {
        using CpuDevice device = new(1);
        using WanVae original = Load(device);
        using MemoryArchive renamed = MemoryArchive.Random(WanVae.Declare(Tiny), 3, name => WanVaeKeyMap.DiffusersName(Tiny, name));
        using WanVae diffusers = WanVae.Load(device, renamed);

        Assert.Equal(Decode(device, original, 2, 2), Decode(device, diffusers, 2, 2));
    }

    [Fact]
    public void Decode_Bf16_IsCloseToF32()
    {
        // Wider than the other networks here: the norm of a pixel with two channels has directions in which it magnifies rounding.
        VaeConfig wide = new() { Dim = 12, LatentChannels = 3, ResidualBlocks = 1 };
        using CpuDevice device = new(2);
        using MemoryArchive archive = MemoryArchive.Random(WanVae.Declare(wide), 3);
        using WanVae vae = WanVae.Load(device, archive);
        float[] exact = Decode(device, vae, 2, 2);
        using Pass pass = Pass.Inference(device);
        float[] rounded = vae.Decode(pass, Cast.Forward(pass, Latents(pass, 2), DType.BF16)).ToFloats();

        Assert.InRange(Error(rounded, exact), 1e-5, 0.05);
    }

    [Fact]
    public void Decode_OtherSizeInTheSameVideo_Throws()
    {
        using CpuDevice device = new(1);
        using WanVae vae = Load(device);
        using ILatentDecoder decoder = vae.OpenDecoder();
        using Pass pass = Pass.Inference(device);
        decoder.Decode(pass, Latents(pass, 1));

        Assert.Throws<ArgumentException>(() => decoder.Decode(pass, pass.Zeros(new Shape(1, 1, 4, 4, 3))));
    }

    private static WanVae Load(Device device, VaeOptions? options = null)
    {
        using MemoryArchive archive = MemoryArchive.Random(WanVae.Declare(Tiny), 3);
        return WanVae.Load(device, archive, options: options);
    }

    private static Tensor Latents(Pass pass, int frames) => pass.From<float>(new Shape(1, frames, 2, 3, 3), Noise(frames * 18, 11));

    private static float[] Decode(Device device, WanVae vae, int frames, int piece)
    {
        using ILatentDecoder decoder = vae.OpenDecoder();
        using Pass pass = Pass.Inference(device);
        Tensor latents = Latents(pass, frames);
        List<float> video = [];
        for (int at = 0; at < frames; at += piece)
        {
            video.AddRange(decoder.Decode(pass, Narrow.Forward(pass, latents, 1, at, Math.Min(piece, frames - at))).ToFloats());
        }

        return [.. video];
    }

    private static float[] Noise(int count, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)((2 * random.NextDouble()) - 1))];
    }

    private static double Error(float[] got, float[] expected) => Math.Sqrt(
        got.Zip(expected).Sum(static pair => Math.Pow(pair.First - pair.Second, 2)) / expected.Sum(static value => (double)value * value));
}
