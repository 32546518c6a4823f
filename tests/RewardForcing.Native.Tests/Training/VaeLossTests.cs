using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;
using Xunit;

namespace RewardForcing.Native.Tests.Training;

public sealed class VaeLossTests
{
    private static readonly VaeConfig Tiny = new() { Dim = 4, LatentChannels = 3, Multipliers = [1, 2], TemporalDownsample = [true], ResidualBlocks = 1 };

    [Theory]
    [InlineData(1, 3, 1.0)]
    [InlineData(3, 2, 0.3)]
    public void Forward_OneDirectionOfAllWeights_HasTheSlopeOfTheGradient(int frames, int batch, double weight)
    {
        using CpuDevice device = new(2, checkMemory: true);
        using WanVae vae = VaeStart.Create(device, Tiny, 5);
        vae.Weights.Train(true);
        using Pass pass = Pass.Training(device);
        Tensor video = new TrainingDraws(1, 0).Normal(pass, new Shape(batch, frames, 8, 8, 3), "video", 0);
        VaeLoss loss = new(vae) { KlWeight = weight, SquareWeight = 2 * (1 - weight) };
        Tensor noise = new TrainingDraws(1, 0).Normal(pass, loss.LatentShape(video.Shape), "noise", 0);
        pass.Backward(loss.Forward(pass, video, noise).Loss);

        // Along the gradient itself, scaled to length 1: the slope is its length. Norms of four channels bend the loss, so the step is short.
        double length = GradientClip.Norm(vae.Weights);
        double Moved(double by)
        {
            foreach (Parameter parameter in vae.Weights.Where(static parameter => parameter.Grad is not null))
            {
                parameter.Value.CopyFrom(LinearCombination.Forward(pass, DType.F32, (1, parameter.Value), (by / length, parameter.Grad!)));
            }

            using Pass silent = Pass.Inference(device);
            return loss.Forward(silent, video, noise).Loss.ToFloats()[0];
        }

        const double Step = 1e-4;
        double above = Moved(Step), below = Moved(-2 * Step);
        Assert.InRange((above - below) / (2 * Step) / length, 0.99, 1.01);
    }

    [Fact]
    public void Forward_TermsGiven_AreTheMeansTheySay()
    {
        using CpuDevice device = new(1);
        using WanVae vae = VaeStart.Create(device, Tiny, 5);
        using Pass pass = Pass.Inference(device);
        Tensor video = new TrainingDraws(1, 0).Normal(pass, new Shape(1, 3, 8, 8, 3), "video", 0);
        VaeLoss loss = new(vae) { KlWeight = 0.5 };
        Tensor noise = new TrainingDraws(1, 0).Normal(pass, loss.LatentShape(video.Shape), "noise", 0);
        (Tensor total, Tensor difference, Tensor divergence, Tensor decoded) = loss.Forward(pass, video, noise);
        Assert.Equal(decoded.ToFloats().Zip(video.ToFloats()).Average(static pair => Math.Abs((double)pair.First - pair.Second)), difference.ToFloats()[0], 1e-6);
        float[] moments = vae.EncodeMoments(pass, video).ToFloats();
        double expected = moments.Select((value, i) => i % 6 < 3 ? 0.5 * value * value : 0.5 * (Math.Exp(value) - 1 - value)).Sum() / (moments.Length / 2);
        Assert.Equal(expected, divergence.ToFloats()[0], 1e-6);
        Assert.Equal(difference.ToFloats()[0] + (0.5 * divergence.ToFloats()[0]), total.ToFloats()[0], 1e-6);

        Tensor squared = (loss with { SquareWeight = 3 }).Forward(pass, video, noise).Loss;
        double square = decoded.ToFloats().Zip(video.ToFloats()).Average(static pair => Math.Pow((double)pair.First - pair.Second, 2));
        Assert.Equal(total.ToFloats()[0] + (3 * square), squared.ToFloats()[0], 1e-5);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void LatentDistribution_EveryMoment_HasTheNumericSlope(bool divergence)
    {
        // Two lie beyond the cut, where nothing changes any more.
        double[] moments = [0.5, -1.2, 0.3, -0.7, 2, 0.1, 25, -40];
        double[] noise = [1.5, -0.4, -0.9, 0.6], outer = [1, 2, 3, 4];
        double Truth(double[] at)
        {
            double sum = 0;
            for (int i = 0; i < 4; i++)
            {
                (double mean, double log) = (at[(i / 2 * 4) + (i % 2)], Math.Clamp(at[(i / 2 * 4) + (i % 2) + 2], -30, 20));
                sum += divergence ? 0.5 * ((mean * mean) + Math.Exp(log) - 1 - log) / 4 : outer[i] * (mean + (Math.Exp(log / 2) * noise[i]));
            }

            return sum;
        }

        using CpuDevice device = new(1, checkMemory: true);
        using Parameter given = Parameter.New(device, "moments", new Shape(1, 2, 1, 1, 4));
        given.Value.CopyFrom<float>(Array.ConvertAll(moments, static value => (float)value));
        given.Trainable = true;
        using Pass pass = Pass.Training(device);
        Shape half = new(1, 2, 1, 1, 2);
        Tensor result = divergence ? LatentDistribution.Divergence(pass, given)
            : Reduce.Sum(pass, Multiply.Forward(pass, LatentDistribution.Sample(pass, given, Floats(pass, half, noise)), Floats(pass, half, outer)));
        Assert.Equal(1, result.ToFloats()[0] / Truth(Array.ConvertAll(moments, static value => (double)(float)value)), 1e-5);
        pass.Backward(result);
        float[] grad = given.Grad!.ToFloats();
        for (int i = 0; i < moments.Length; i++)
        {
            double[] above = [.. moments], below = [.. moments];
            above[i] += 1e-5;
            below[i] -= 1e-5;
            double slope = Math.Abs(moments[i]) > 20 ? 0 : (Truth(above) - Truth(below)) / 2e-5;
            Assert.Equal(slope, grad[i], Math.Max(1e-3, Math.Abs(slope) * 1e-4));
        }
    }

    [Theory]
    [InlineData(2, 8)]
    [InlineData(3, 7)]
    public void LatentShape_LeavesSomethingOver_IsRefused(int frames, int size)
    {
        using CpuDevice device = new(1);
        using WanVae vae = VaeStart.Create(device, Tiny, 5);
        Assert.Contains("one more than a multiple of 2", Assert.Throws<ArgumentException>(() => new VaeLoss(vae).LatentShape(new Shape(1, frames, size, 8, 3))).Message, StringComparison.Ordinal);
    }

    private static Tensor Floats(Pass pass, Shape shape, double[] values) => pass.From<float>(shape, Array.ConvertAll(values, static value => (float)value));
}
