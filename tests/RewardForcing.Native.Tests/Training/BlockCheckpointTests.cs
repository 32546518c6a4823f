using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing.Cases;
using Xunit;

namespace RewardForcing.Native.Tests.Training;

public sealed class BlockCheckpointTests
{
    private static readonly WanConfig Small = WanConfig.T2V1_3B with { Dim = 48, FfnDim = 96, Heads = 2, Layers = 6, TextDim = 24, TextTokens = 12 };

    [Fact]
    public void Forward_BlocksCheckpointed_GivesTheSameGradientsInLessMemory()
    {
        (float[][] plain, long most) = WholeClip(checkpoints: false);
        (float[][] again, long less) = WholeClip(checkpoints: true);
        Assert.Equal(plain.Length, again.Length);
        Assert.All(plain.Zip(again), static pair => Assert.True(pair.First.AsSpan().SequenceEqual(pair.Second)));
        Assert.True(less * 2 < most, $"{less:N0} bytes with, {most:N0} without");
    }

    [Fact]
    public void ForwardCausal_BlocksCheckpointed_GivesTheSameGradients()
    {
        float[][] plain = Streamed(checkpoints: false), again = Streamed(checkpoints: true);
        Assert.All(plain.Zip(again), static pair => Assert.True(pair.First.AsSpan().SequenceEqual(pair.Second)));
    }

    [Fact]
    public void ForwardCausal_StraightThroughAndCheckpointed_IsRefused()
    {
        using CpuDevice cpu = new(1, checkMemory: true);
        using WanTransformer model = Model(cpu);
        model.CheckpointsBlocks = true;
        using CausalState state = new(model, CachePolicy.RewardForcing with { WindowFrames = 6, CapacityFrames = 6 }, 1, 4, 4, DType.F32, 6) { Gradient = CacheGradient.StraightThrough };
        using Pass pass = Pass.Training(cpu);
        Tensor text = Random(pass, new Shape(1, 5, Small.TextDim), 3);
        state.SetText(pass, text);
        Assert.Contains("straight through", Assert.Throws<NotSupportedException>(() => model.ForwardCausal(pass, Random(pass, new Shape(1, 16, 3, 4, 4), 4), [500f], state, 0, text)).Message, StringComparison.Ordinal);
    }

    private static (float[][] Gradients, long Bytes) WholeClip(bool checkpoints)
    {
        using CpuDevice cpu = new(1, checkMemory: true);
        using WanTransformer model = Model(cpu);
        model.CheckpointsBlocks = checkpoints;
        long before = cpu.LiveBytes, peak;
        using (Pass pass = Pass.Training(cpu))
        {
            Tensor y = model.Forward(pass, Random(pass, new Shape(1, 16, 3, 8, 8), 1), [700f], Random(pass, new Shape(1, 7, Small.TextDim), 2));
            peak = cpu.LiveBytes - before;
            pass.Backward(y, Random(pass, y.Shape, 5));
        }

        return (Gradients(model), peak);
    }

    private static float[][] Streamed(bool checkpoints)
    {
        using CpuDevice cpu = new(1, checkMemory: true);
        using WanTransformer model = Model(cpu);
        model.CheckpointsBlocks = checkpoints;
        using CausalState state = new(model, CachePolicy.RewardForcing with { WindowFrames = 6, CapacityFrames = 6 }, 1, 4, 4, DType.F32, 6);
        using Pass pass = Pass.Training(cpu);
        Tensor text = Random(pass, new Shape(1, 5, Small.TextDim), 3);
        using (Pass silent = Pass.Inference(cpu))
        {
            state.SetText(silent, text);
            model.ForwardCausal(silent, Random(pass, new Shape(1, 16, 3, 4, 4), 4), [0f], state, 0, cacheOnly: true);
        }

        Tensor y = model.ForwardCausal(pass, Random(pass, new Shape(1, 16, 3, 4, 4), 6), [500f], state, 3, text);
        pass.Backward(y, Random(pass, y.Shape, 5));
        return Gradients(model);
    }

    private static WanTransformer Model(CpuDevice cpu)
    {
        WeightSet weights = WeightSet.Create(cpu, Small.Parameters());
        int seed = 0;
        foreach (Parameter parameter in weights)
        {
            Random random = new(++seed);
            double scale = parameter.Name.Contains("norm", StringComparison.Ordinal) ? 0.2 : 1 / Math.Sqrt(parameter.Shape.Rank > 1 ? parameter.Shape.Count / parameter.Shape[0] : 10);
            parameter.Value.CopyFrom<float>([.. Enumerable.Range(0, (int)parameter.Shape.Count).Select(_ => (float)(scale * ((2 * random.NextDouble()) - 1)))]);
            parameter.Trainable = true;
        }

        return new WanTransformer(Small, weights);
    }

    private static float[][] Gradients(WanTransformer model)
    {
        Assert.All(model.Weights, static parameter => Assert.NotNull(parameter.Grad));
        float[][] gradients = [.. model.Weights.Select(static parameter => parameter.Grad!.ToFloats())];
        foreach (Parameter parameter in model.Weights)
        {
            parameter.ClearGrad();
        }

        return gradients;
    }

    private static Tensor Random(Pass pass, Shape shape, int seed)
    {
        Random random = new(seed);
        return pass.From<float>(shape, [.. Enumerable.Range(0, (int)shape.Count).Select(_ => (float)((2 * random.NextDouble()) - 1))]);
    }
}
