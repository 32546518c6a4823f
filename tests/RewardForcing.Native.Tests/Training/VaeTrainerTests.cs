using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;
using Xunit;

namespace RewardForcing.Native.Tests.Training;

public sealed class VaeTrainerTests
{
    private static readonly VaeConfig Tiny = new() { Dim = 4, LatentChannels = 4, Multipliers = [1, 2, 2], TemporalDownsample = [false, true], ResidualBlocks = 1 };

    private static readonly VaeTrainingSettings Quick = new() { Optimizer = new AdamWSettings(5e-3, 0.9, 0.99, WeightDecay: 0), Frames = 5, ImageBatch = 4, VideoBatch = 2, AverageStart = 2, AverageDecay = 0.5 };

    [Fact]
    public void Step_ManyTimes_LowersTheLoss()
    {
        using CpuDevice device = new(2);
        using WanVae vae = VaeStart.Create(device, Tiny with { Dim = 8 }, 1);
        using VaeTrainer trainer = new(vae, new MovingSquares(4, 5, 16), Quick with { Optimizer = new AdamWSettings(1e-3, 0.9, 0.99, WeightDecay: 0) });
        double[] losses = [.. Enumerable.Range(0, 120).Select(_ => trainer.Step(default).Values["vae_loss"])];
        Assert.InRange(losses[^10..].Average(), 0, 0.5 * losses[..10].Average());
        Assert.Equal(120, trainer.Steps);
    }

    [Fact]
    public void Step_ThreadsDiffer_GivesTheSameBits()
    {
        Assert.Equal(Run(1, 4, Quick), Run(3, 4, Quick));
    }

    [Theory]
    [InlineData(1, 1.0, false)]
    [InlineData(0, 0.0, true)]
    public void Step_ImagesOrVideos_TrainWhatTheySee(double share, double images, bool movesTime)
    {
        using CpuDevice device = new(2, checkMemory: true);
        using (WanVae vae = VaeStart.Create(device, Tiny, 1))
        {
            float[] time = vae.Weights["encoder.downsamples.3.time_conv.weight"].Value.ToFloats(), space = vae.Weights["encoder.conv1.weight"].Value.ToFloats();
            using VaeTrainer trainer = new(vae, new MovingSquares(3, 6, 24), Quick with { ImageShare = share, CropSize = 16 });
            Assert.Equal(images, trainer.Step(default).Values["images"]);
            Assert.Equal(movesTime, !time.AsSpan().SequenceEqual(vae.Weights["encoder.downsamples.3.time_conv.weight"].Value.ToFloats()));
            Assert.NotEqual(space, vae.Weights["encoder.conv1.weight"].Value.ToFloats());
        }

        Assert.Equal(0, device.LiveBytes);
    }

    [Fact]
    public void Step_DecoderOnly_LeavesTheLatents()
    {
        using CpuDevice device = new(2);
        using WanVae vae = VaeStart.Create(device, Tiny, 1);
        Dictionary<string, float[]> before = vae.Weights.ToDictionary(static parameter => parameter.Name, static parameter => parameter.Value.ToFloats());
        using VaeTrainer trainer = new(vae, new MovingSquares(2, 5, 16), Quick with { DecoderOnly = true, ImageShare = 0 });
        _ = trainer.Step(default);
        string[] moved = [.. vae.Weights.Where(parameter => !before[parameter.Name].AsSpan().SequenceEqual(parameter.Value.ToFloats())).Select(static parameter => parameter.Name)];
        Assert.Contains("conv2.weight", moved);
        Assert.Contains("decoder.conv1.weight", moved);
        Assert.DoesNotContain(moved, static name => name.StartsWith("encoder.", StringComparison.Ordinal) || name.StartsWith("conv1.", StringComparison.Ordinal));
    }

    [Fact]
    public void Step_LossIsNotFinite_LeavesTheWeights()
    {
        using CpuDevice device = new(1);
        using WanVae vae = VaeStart.Create(device, Tiny, 1);
        vae.Weights["decoder.head.2.bias"].Value.CopyFrom<float>([float.NaN, 0, 0]);
        float[] before = vae.Weights["encoder.conv1.weight"].Value.ToFloats();
        using VaeTrainer trainer = new(vae, new MovingSquares(2, 5, 16), Quick);
        Assert.Contains("loss of step 0 is NaN", Assert.Throws<NotFiniteNumberException>(() => trainer.Step(default)).Message, StringComparison.Ordinal);
        Assert.Equal(before, vae.Weights["encoder.conv1.weight"].Value.ToFloats());
        Assert.Equal(0, trainer.Steps);
    }

    [Theory]
    [InlineData(6, 16, 0, "one more than a multiple of 2")]
    [InlineData(9, 16, 0, "at least 9 frames")]
    [InlineData(5, 14, 0, "divisible by 4")]
    [InlineData(5, 16, 20, "of 20 x 20 pixels")]
    public void VaeTrainer_ClipsDoNotFit_AreRefused(int frames, int size, int crop, string expected)
    {
        using CpuDevice device = new(1);
        using WanVae vae = VaeStart.Create(device, Tiny, 1);
        MovingSquares clips = new(2, 7, size);
        Assert.Contains(expected, Assert.Throws<ArgumentException>(() => new VaeTrainer(vae, clips, Quick with { Frames = frames, CropSize = crop })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(".pth")]
    [InlineData(".safetensors")]
    public void VaeFile_StatisticsFolded_KeepsPixelsAndNormalisesLatents(string extension)
    {
        using CpuDevice device = new(2);
        using WanVae vae = VaeStart.Create(device, Tiny, 1);
        using MovingSquares clips = new(6, 5, 16);
        string path = Path.Combine(Path.GetTempPath(), $"vae-{Guid.NewGuid():N}{extension}");
        try
        {
            VaeFile.Write(path, vae.Weights, Tiny, LatentStatistics.Measure(vae, clips, 6));
            using TensorArchive archive = ArchiveOpener.Open(path, verifyChecksums: true);
            using WanVae read = WanVae.Load(device, archive);
            LatentStatistics after = LatentStatistics.Measure(read, clips, 6);
            for (int c = 0; c < Tiny.LatentChannels; c++)
            {
                Assert.Equal(Tiny.LatentMean[c], after.Mean[c], 1e-3);
                Assert.Equal(Tiny.LatentStd[c], after.Deviation[c], 1e-3);
            }

            Assert.InRange(Error(RoundTrip(read, clips), RoundTrip(vae, clips)), 0, 1e-5);
            Assert.InRange(Error(Sampled(read, clips), Sampled(vae, clips)), 0, 1e-5);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void LatentStatistics_ChannelCarriesNothing_IsRefused()
    {
        using CpuDevice device = new(1);
        using WanVae vae = VaeStart.Create(device, Tiny, 1);
        float[] weight = vae.Weights["conv1.weight"].Value.ToFloats();
        weight.AsSpan(2 * 8, 8).Clear();
        vae.Weights["conv1.weight"].Value.CopyFrom<float>(weight);
        using MovingSquares clips = new(2, 5, 16);
        Assert.Contains("channel 2", Assert.Throws<InvalidOperationException>(() => LatentStatistics.Measure(vae, clips, 2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Publish_AfterSteps_LeavesTheAverage()
    {
        using CpuDevice device = new(1);
        using WanVae vae = VaeStart.Create(device, Tiny, 1);
        using MovingSquares clips = new(2, 5, 16);
        using VaeTrainer trainer = new(vae, clips, Quick with { AverageStart = 0 });
        float[] first = vae.Weights["conv1.bias"].Value.ToFloats();
        trainer.Step(default);
        float[] second = vae.Weights["conv1.bias"].Value.ToFloats();
        trainer.Parts[0].Average!.Publish();
        Assert.Equal([.. first.Zip(second, static (a, b) => (0.5f * a) + (0.5f * b))], vae.Weights["conv1.bias"].Value.ToFloats());
    }

    private static float[] Run(int threads, int steps, VaeTrainingSettings settings)
    {
        using CpuDevice device = new(threads);
        using WanVae vae = VaeStart.Create(device, Tiny, 1);
        using MovingSquares clips = new(3, 6, 20);
        using VaeTrainer trainer = new(vae, clips, settings with { ImageShare = 0.5, CropSize = 16 });
        for (int i = 0; i < steps; i++)
        {
            trainer.Step(default);
        }

        return [.. vae.Weights.Concat(trainer.Parts[0].Average!.Averages).SelectMany(static parameter => parameter.Value.ToFloats())];
    }

    private static float[] RoundTrip(WanVae vae, MovingSquares clips)
    {
        using Pass pass = Pass.Inference(vae.Device);
        return vae.Decode(pass, vae.Encode(pass, new VideoCrops(clips, 0).Whole(pass, 1))).ToFloats();
    }

    private static float[] Sampled(WanVae vae, MovingSquares clips)
    {
        using Pass pass = Pass.Inference(vae.Device);
        Tensor moments = vae.EncodeMoments(pass, new VideoCrops(clips, 0).Whole(pass, 1));
        Tensor noise = new TrainingDraws(3, 0).Normal(pass, moments.Shape.With(4, Tiny.LatentChannels), "latent", 0);
        return vae.Decode(pass, vae.Normalise(pass, LatentDistribution.Sample(pass, moments, noise))).ToFloats();
    }

    private static double Error(float[] got, float[] expected) => Math.Sqrt(
        got.Zip(expected).Sum(static pair => Math.Pow(pair.First - pair.Second, 2)) / expected.Sum(static value => (double)value * value));
}
