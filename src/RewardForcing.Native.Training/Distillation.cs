using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Rewarded distribution-matching distillation: steps of the student on its own roll-outs, and of the critic that follows it.</summary>
/// <remarks>Reward Forcing (arXiv 2512.04678). The loop is the intended one, not the reference's, which applies gradients twice. Spec: training 4.2 and 4.3.</remarks>
public sealed class Distillation : IDisposable
{
    private readonly SelfForcingRollout _rollout;
    private readonly DistributionMatching _matching;
    private readonly CriticLoss _critic;
    private readonly Func<RolloutDraws, Tensor?, CausalState> _open;
    private readonly Func<Pass, Tensor, DistillationBatch, double> _reward;
    private readonly AdamWOptimizer _studentOptimizer;
    private readonly AdamWOptimizer _criticOptimizer;

    /// <summary>Prepares the state of both optimisers.</summary>
    /// <param name="rollout">The student and how it makes clips; its weights become trainable.</param>
    /// <param name="matching">Teacher, critic and guidance; the critic's weights become trainable, the teacher's do not.</param>
    /// <param name="settings">The numbers.</param>
    /// <param name="open">Makes empty caches for a roll-out.</param>
    /// <param name="reward">Judges a clip, <c>[B, F, C, H, W]</c>: its standardised reward.</param>
    public Distillation(
        SelfForcingRollout rollout,
        DistributionMatching matching,
        DistillationSettings settings,
        Func<RolloutDraws, Tensor?, CausalState> open,
        Func<Pass, Tensor, DistillationBatch, double> reward)
    {
        (_rollout, _matching, Settings, _open, _reward) = (rollout, matching, settings, open, reward);
        _critic = new CriticLoss(matching.Critic, matching.Noising);
        rollout.Student.Weights.Train(true);
        matching.Critic.Model.Weights.Train(true);
        matching.Teacher.Model.Weights.Train(false);
        _studentOptimizer = new AdamWOptimizer(rollout.Student.Weights, settings.Generator);
        _criticOptimizer = new AdamWOptimizer(matching.Critic.Model.Weights, settings.Critic);
    }

    /// <summary>The numbers.</summary>
    public DistillationSettings Settings { get; }

    /// <summary>Steps made.</summary>
    public long Steps { get; private set; }

    /// <summary>Whether the next step begins with the student.</summary>
    public bool IsGeneratorStep => Steps % Settings.Ratio == 0;

    /// <summary>The average of the student's weights; null before it begins.</summary>
    public WeightAverage? Average { get; private set; }

    /// <summary>Moves the student by the mean gradient of some micro-batches. To be called where <see cref="IsGeneratorStep"/> says so.</summary>
    /// <param name="batches">Made when they are needed, in a pass that owns their tensors.</param>
    /// <param name="count">How many.</param>
    public StepResult Generator(Func<Pass, int, DistillationBatch> batches, int count)
    {
        Device device = _rollout.Student.Device;
        double[] losses = new double[count], weights = new double[count];
        for (int i = 0; i < count; i++)
        {
            using Pass pass = Pass.Training(device);
            DistillationBatch batch = batches(pass, i);
            using CausalState state = _open(batch.Draws, batch.Initial);
            state.Gradient = Settings.CacheGradient;
            Tensor clip = _rollout.Run(pass, state, batch.Text, batch.Draws, batch.Initial);
            using Pass silent = Pass.Inference(device);
            weights[i] = Settings.Beta == 0 ? 1 : RewardWeight.Of(Settings.Beta, _reward(silent, clip, batch));
            Tensor negative = batch.Negative ?? throw new ArgumentException("distillation: a step of the student needs the negative prompt.", nameof(batches));
            MatchingGradient found = _matching.Gradient(silent, clip, batch.Noise, batch.Timesteps, batch.Text, negative, weights[i] / count);
            losses[i] = found.Loss;
            pass.Backward(clip, found.Seed);
        }

        double norm = Move(_studentOptimizer, _rollout.Student);
        Average?.Update();
        return new StepResult(losses, norm, weights);
    }

    /// <summary>Moves the critic by the mean gradient of some micro-batches of fresh clips of the student, and ends the step.</summary>
    /// <param name="batches">Made when they are needed, in a pass that owns their tensors.</param>
    /// <param name="count">How many.</param>
    public StepResult Critic(Func<Pass, int, DistillationBatch> batches, int count)
    {
        Device device = _rollout.Student.Device;
        var losses = new double[count];
        for (int i = 0; i < count; i++)
        {
            using Pass pass = Pass.Training(device);
            using Pass silent = Pass.Inference(device);
            DistillationBatch batch = batches(pass, i);
            using CausalState state = _open(batch.Draws, batch.Initial);
            Tensor clip = _rollout.Run(silent, state, batch.Text, batch.Draws, batch.Initial);
            Tensor loss = _critic.Flow(pass, clip, batch.Noise, batch.Timesteps, batch.Text, Settings.CriticFlow).Loss;
            losses[i] = loss.ToFloats()[0] / count;
            pass.Backward(loss, pass.From<float>(loss.Shape, [1f / count]));
        }

        double norm = Move(_criticOptimizer, _matching.Critic.Model);
        Steps++;
        if (Steps == Settings.AverageStart && Settings.AverageDecay > 0)
        {
            Average = new WeightAverage(_rollout.Student.Weights, Settings.AverageDecay);
        }

        return new StepResult(losses, norm, Enumerable.Repeat(1.0, count).ToArray());
    }

    /// <summary>Releases the optimisers and the average; networks stay.</summary>
    public void Dispose()
    {
        _studentOptimizer.Dispose();
        _criticOptimizer.Dispose();
        Average?.Dispose();
    }

    private double Move(AdamWOptimizer optimizer, WanTransformer network)
    {
        double norm = GradientClip.Norm(network.Weights);
        if (!double.IsFinite(norm))
        {
            optimizer.ClearGrads();
            throw new NotFiniteNumberException($"distillation: the gradient of step {Steps} is {norm}; the weights are those of the step before. Lower the learning rate or resume an earlier checkpoint.", norm);
        }

        optimizer.Step(GradientClip.Factor(norm, Settings.LargestGradient));
        optimizer.ClearGrads();
        return norm;
    }
}
