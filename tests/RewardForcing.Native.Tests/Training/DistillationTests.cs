using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Tests.Models;
using RewardForcing.Native.Training;
using Xunit;

namespace RewardForcing.Native.Tests.Training;

public sealed class DistillationTests
{
    // Epsilon so small that only the direction of a gradient counts, and no clipping.
    private static readonly DistillationSettings Plain = new()
    {
        Generator = new AdamWSettings(1e-3, 0, 0.999, 1e-30),
        Critic = new AdamWSettings(1e-3, 0, 0.999, 1e-30),
        LargestGradient = 1e9,
        LargestCriticGradient = 1e9,
        Ratio = 2,
        AverageStart = 2,
    };

    [Fact]
    public void Generator_RewardIsConstant_IsDistributionMatchingBitForBit()
    {
        RunningStandard standard = new();
        Result plain = Run(Plain with { Beta = 0 }, null, 5, 2);
        Result rewarded = Run(Plain with { Beta = 2 }, (pass, clip, _) => standard.Standardise(new ConstantReward(3.7).Judge(pass, clip, [""])), 5, 2);
        Assert.Equal(plain.Weights, rewarded.Weights);
        Assert.Equal(plain.Norms, rewarded.Norms);
        Assert.True(standard.Weight == 6 && standard.Mean == 3.7);
    }

    [Fact]
    public void Generator_RewardIsConstantNotStandardised_ScalesGradientsAndNotSteps()
    {
        Result plain = Run(Plain with { Beta = 0 }, null, 3, 1), rewarded = Run(Plain with { Beta = 1 }, static (_, _, _) => [Math.Log(5)], 3, 1);
        Assert.Equal(5, rewarded.Norms[0] / plain.Norms[0], 1e-5);
        double apart = Math.Sqrt(plain.Weights.Zip(rewarded.Weights).Sum(static pair => Math.Pow(pair.First - pair.Second, 2)));
        double moved = Math.Sqrt(plain.Weights.Zip(plain.Start).Sum(static pair => Math.Pow(pair.First - pair.Second, 2)));
        Assert.InRange(apart / moved, 0, 1e-2);
    }

    [Fact]
    public void Generator_RewardsDiffer_MovesElsewhere()
    {
        int asked = 0;
        Result plain = Run(Plain with { Beta = 0 }, null, 3, 2), rewarded = Run(Plain with { Beta = 2 }, (_, _, _) => [asked++ % 2 == 0 ? 1 : -1], 3, 2);
        Assert.NotEqual(plain.Weights, rewarded.Weights);
    }

    [Theory]
    [InlineData(1, 2, 3)]
    [InlineData(2, 2, 9)]
    [InlineData(3, 1, 5)]
    public void Steps_ReferenceLoop_MovesAsOftenAsThePlanSays(int accumulation, int ratio, int turns)
    {
        DistillationSettings settings = Plain with { Loop = TrainingLoop.Reference, Accumulation = accumulation, Ratio = ratio };
        LoopCounts counts = new LoopPlan(TrainingLoop.Reference, accumulation, ratio).Count(turns, 2, 100);
        Result result = Run(settings, null, turns, 1);
        Assert.Equal((counts.GeneratorMoves, counts.CriticMoves), (result.StudentMoves, result.CriticMoves));
        Assert.Equal(counts.GeneratorBackwards, result.Norms.Count);
    }

    [Fact]
    public void Steps_ReferenceLoop_MovesTwiceByOneGradientAndSumsTheCritics()
    {
        // Adam's first steps are one learning rate long, by the sign: twice that after a turn that moves twice.
        const float Rate = 1e-3f;
        DistillationSettings settings = Plain with
        {
            Generator = new AdamWSettings(Rate, 0, 0, 1e-30, 0),
            Critic = new AdamWSettings(Rate, 0, 0, 1e-30, 0),
            Loop = TrainingLoop.Reference,
            Accumulation = 2,
            Ratio = 2,
        };
        Result once = Run(settings with { Loop = TrainingLoop.Intended }, null, 1, 1), twice = Run(settings, null, 1, 1);
        Assert.All(once.Moved.Zip(twice.Moved).Where(static pair => pair.First != 0), static pair => Assert.Equal(2, pair.Second / pair.First, 1e-2));
        Assert.All(twice.CriticMoved.Where(static move => move != 0), static move => Assert.Equal(2 * Rate, Math.Abs(move), 1e-5));

        // Turn 1 leaves its gradient: that of turn 2 is the sum of both, here of twice the same one, since nothing moves.
        Result sums = Run(settings with { Critic = new AdamWSettings(0, 0, 0, 1e-30, 0), Generator = new AdamWSettings(0, 0, 0, 1e-30, 0) }, null, 4, 1, isSameBatch: true);
        Assert.All(sums.CriticNorms.Zip([1.0, 1, 2, 1]), pair => Assert.Equal(pair.Second, pair.First / sums.CriticNorms[0], 1e-5));
        Assert.Contains("one micro-batch", Assert.Throws<ArgumentException>(() => Run(settings, null, 1, 2)).Message, StringComparison.Ordinal);
    }

    private static Result Run(DistillationSettings settings, ClipReward? reward, int steps, int count, bool isSameBatch = false)
    {
        using CpuDevice device = new(2);
        using WanTransformer student = TinyWan.Create(device), critic = TinyWan.Create(device), teacher = TinyWan.Create(device);
        FlowMatchSchedule schedule = new(5), scores = new(8);
        SelfForcingRollout rollout = new(student, schedule, [1000f, 500f]) { FramesPerBlock = 2, Refresh = ContextRefresh.Clean };
        DistributionMatching matching = new(new ScoreNetwork(teacher, scores), new ScoreNetwork(critic, scores), schedule);
        using Distillation training = new(rollout, matching, settings, (_, _) => new CausalState(
            student, CachePolicy.RewardForcing with { WindowFrames = 4, SinkFrames = 2, CapacityFrames = 4 }, 1, 4, 4, DType.F32, 4), reward);
        float[] start = Values(student), criticStart = Values(critic);
        List<double> norms = [], criticNorms = [];
        for (int step = 0; step < steps; step++)
        {
            if (training.IsGeneratorStep)
            {
                norms.Add(training.Generator((pass, i) => Batch(pass, isSameBatch ? 0 : (step * 100) + i), count).GradientNorm);
            }

            criticNorms.Add(training.Critic((pass, i) => Batch(pass, isSameBatch ? 50 : (step * 100) + i + 50), count).GradientNorm);
        }

        return new Result(start, Values(student), Apart(Values(student), start), Apart(Values(critic), criticStart), norms, criticNorms, training.StudentOptimizer.Steps, training.CriticOptimizer.Steps);
    }

    private static float[] Values(WanTransformer network) => [.. network.Weights.SelectMany(static parameter => parameter.Value.ToFloats())];

    // Steps far below a weight's own size, and gradients that are rounding alone, say nothing.
    private static double[] Apart(float[] now, float[] before) => [.. now.Zip(before).Select(static pair => Math.Abs((double)pair.First - pair.Second) > 5e-4 ? (double)pair.First - pair.Second : 0)];

    private static DistillationBatch Batch(Pass pass, int seed)
    {
        Shape shape = new(1, 4, 16, 4, 4), half = shape.With(1, 2);
        Tensor Noise(Pass own, Shape of, int number) => own.From<float>(of, TinyWan.Noise(of.Count, number));
        RolloutDraws draws = new(Noise(pass, shape, seed), [seed % 2, 1], (own, block, step) => Noise(own, half, seed + block + step + 7), static (own, _) => own.Zeros(new Shape(1, 2, 16, 4, 4)));
        return new DistillationBatch(TinyWan.Text(pass), draws, [400f + seed], Noise(pass, shape, seed + 13), TinyWan.Text(pass, seed: 5));
    }

    private sealed record Result(
        float[] Start, float[] Weights, double[] Moved, double[] CriticMoved, List<double> Norms, List<double> CriticNorms, long StudentMoves, long CriticMoves);
}
