using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Tests.Models;
using RewardForcing.Native.Training;
using Xunit;

namespace RewardForcing.Native.Tests.Training;

public sealed class GanTests
{
    private static readonly DiscriminatorConfig Small = new(TinyWan.Config) { FfnDim = 32, Layers = [0, 1] };

    [Theory]
    [InlineData(30, "13,21,29")]
    [InlineData(4, "0,1,3")]
    [InlineData(2, "0,1")]
    [InlineData(1, "0")]
    public void Layers_ByDefault_AreThoseOfTheReferenceInProportion(int layers, string expected) =>
        Assert.Equal(expected, string.Join(',', new DiscriminatorConfig(TinyWan.Config with { Layers = layers }).Layers));

    [Fact]
    public void Critic_WarmupThenAll_MovesWhatItSays()
    {
        using CpuDevice device = new(2, checkMemory: true);
        using (Setting setting = new(device, new GanDistillationSettings { Critic = new AdamWSettings(1e-3, WeightDecay: 0), DiscriminatorShare = 3, WarmupSteps = 1, Ratio = 1, AverageStart = 2 }))
        {
            GanDistillation training = setting.Training;
            Assert.False(training.IsGeneratorStep);
            float[] backbone = Values(setting.Critic, "blocks.0.ffn.0.weight"), classifier = Values(setting.Critic, "_cls_pred_branch.3.bias");
            training.Critic(setting.Batch, 1);
            Assert.Equal(backbone, Values(setting.Critic, "blocks.0.ffn.0.weight"));

            // The first step of Adam is the learning rate long.
            Assert.Equal(3e-3, Math.Abs(Values(setting.Critic, "_cls_pred_branch.3.bias")[0] - classifier[0]), 1e-5);
            Assert.True(training.IsGeneratorStep);
            float[] student = setting.Student.Weights["blocks.0.ffn.0.weight"].Value.ToFloats();
            StepResult moved = training.Generator(setting.Batch, 2);
            Assert.Equal(2, moved.Losses.Count);
            Assert.True(moved.GradientNorm > 0);
            Assert.NotEqual(student, setting.Student.Weights["blocks.0.ffn.0.weight"].Value.ToFloats());
            Assert.Equal(backbone, Values(setting.Critic, "blocks.0.ffn.0.weight"));
            training.Critic(setting.Batch, 1);
            Assert.NotEqual(backbone, Values(setting.Critic, "blocks.0.ffn.0.weight"));
            Assert.NotNull(training.Average);
            Assert.All(setting.Critic.Weights, static parameter => Assert.Null(parameter.Grad));
        }

        Assert.Equal(0, device.LiveBytes);
    }

    [Fact]
    public void Critic_ManySteps_TellsClipsApart()
    {
        using CpuDevice device = new(2);
        using Setting setting = new(device, new GanDistillationSettings { Critic = new AdamWSettings(3e-3, WeightDecay: 0), WarmupSteps = 1000 });
        double[] losses = [.. Enumerable.Range(0, 40).Select(_ => setting.Training.Critic(setting.Batch, 1).Losses[0])];
        Assert.InRange(losses[^1], 0, 0.5 * losses[0]);
    }

    [Fact]
    public void Discriminator_SlopeWithoutDirection_IsRefused()
    {
        using CpuDevice device = new(1);
        using Setting setting = new(device, new GanDistillationSettings());
        GanLoss loss = new(setting.Critic, new FlowMatchSchedule(5), new GanSettings { RealSlopeWeight = 1 });
        using Pass pass = Pass.Training(device);
        GanBatch batch = setting.Batch(pass, 0);
        Assert.Contains("r1_weight", Assert.Throws<ArgumentException>(() => loss.Discriminator(pass, batch.Real, batch.Real, batch.Noise, batch.Timesteps, batch.Text)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1.0, 0.01, "r1_weight")]
    [InlineData(1.0, 0.0, "r1_sigma")]
    public void Validate_NumberOutOfRange_IsRefused(double weight, double distance, string expected) =>
        Assert.Contains(expected, Assert.Throws<ArgumentException>(() => new GanSettings { RealSlopeWeight = weight, RealSlopeDistance = distance }.Validate()).Message, StringComparison.Ordinal);

    [Fact]
    public void Hidden_LayersOutOfOrder_AreRefused()
    {
        using CpuDevice device = new(1);
        using WanTransformer network = TinyWan.Create(device);
        using Pass pass = Pass.Inference(device);
        Tensor video = TinyWan.Video(pass, 1, 2), text = TinyWan.Text(pass);
        foreach (int[] layers in new int[][] { [], [1, 0], [0, 0], [2], [-1] })
        {
            Assert.Contains("rising order", Assert.Throws<ArgumentException>(() => network.Hidden(pass, video, [500f], text, layers)).Message, StringComparison.Ordinal);
        }
    }

    private static float[] Values(WanDiscriminator critic, string name) => critic.Weights[name].Value.ToFloats();

    /// <summary>A student, a discriminator and batches of noise for them.</summary>
    private sealed class Setting : IDisposable
    {
        public Setting(CpuDevice device, GanDistillationSettings settings)
        {
            Student = TinyWan.Create(device);
            Critic = GanStart.Create(Student, Small, 4);
            SelfForcingRollout rollout = new(Student, new FlowMatchSchedule(5), [1000f, 500f]) { FramesPerBlock = 2 };
            Training = new GanDistillation(Student, new GanLoss(Critic, new FlowMatchSchedule(5), new GanSettings { DiscriminatorWeight = 1, GeneratorWeight = 1 }), settings, (pass, batch, _) =>
            {
                using CausalState state = new(Student, CachePolicy.RewardForcing with { WindowFrames = 4, SinkFrames = 2, CapacityFrames = 4 }, 1, 4, 4, DType.F32, 4);
                return rollout.Run(pass, state, batch.Text, batch.Draws, batch.Initial);
            });
        }

        public WanTransformer Student { get; }

        public WanDiscriminator Critic { get; }

        public GanDistillation Training { get; }

        public GanBatch Batch(Pass pass, int index)
        {
            Tensor Noise(int seed, int frames = 4) => pass.From<float>(new Shape(1, frames, 16, 4, 4), TinyWan.Noise(frames * 256, seed + index));
            RolloutDraws draws = new(Noise(10), [1, 0], static (own, _, _) => own.Zeros(new Shape(1, 2, 16, 4, 4)), static (own, _) => own.Zeros(new Shape(1, 2, 16, 4, 4)));
            return new GanBatch(TinyWan.Text(pass), draws, [300f], Noise(20), Noise(30), Noise(40));
        }

        public void Dispose()
        {
            Training.Dispose();
            Critic.Dispose();
            Student.Dispose();
        }
    }
}
