using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Rewarded distribution-matching distillation: steps of the student on its own roll-outs, and of the critic that follows it.</summary>
/// <remarks>
/// Reward Forcing (arXiv 2512.04678). The loop is the intended one unless <see cref="DistillationSettings.Loop"/> asks for the reference's, which sums
/// gradients of the critic over turns: a run that is resumed begins such a sum anew. Spec: training 4.2 and 4.3.
/// </remarks>
public sealed class Distillation : IDisposable
{
    private readonly WanTransformer _student;
    private readonly WanTransformer _criticModel;
    private readonly CriticLoss _critic;
    private readonly StudentClip _clip;
    private readonly ClipGradient _gradient;
    private readonly ClipReward? _reward;

    /// <summary>Prepares the state of both optimisers, for students that learn from their own roll-outs by distribution matching.</summary>
    /// <param name="rollout">The student and how it makes clips; its weights become trainable.</param>
    /// <param name="matching">Teacher, critic and guidance; the critic's weights become trainable, the teacher's do not.</param>
    /// <param name="settings">The numbers.</param>
    /// <param name="open">Makes empty caches for a roll-out.</param>
    /// <param name="reward">Judges clips; null where none counts more than another.</param>
    public Distillation(
        SelfForcingRollout rollout, DistributionMatching matching, DistillationSettings settings, Func<RolloutDraws, Tensor?, CausalState> open, ClipReward? reward)
        : this(rollout.Student, matching.Critic, matching.Noising, settings, RollingOut(rollout, settings, open), Matched(matching), reward) =>
        matching.Teacher.Model.Weights.Train(false);

    /// <summary>Prepares the state of both optimisers.</summary>
    /// <param name="student">Its weights become trainable.</param>
    /// <param name="critic">Its weights become trainable.</param>
    /// <param name="noising">The student's schedule.</param>
    /// <param name="settings">The numbers.</param>
    /// <param name="clip">How the student makes clips.</param>
    /// <param name="gradient">Which way they should change.</param>
    /// <param name="reward">Judges clips; null where none counts more than another.</param>
    public Distillation(WanTransformer student, ScoreNetwork critic, FlowMatchSchedule noising, DistillationSettings settings, StudentClip clip, ClipGradient gradient, ClipReward? reward)
    {
        (_student, _criticModel, _clip, _gradient, _reward, Settings) = (student, critic.Model, clip, gradient, reward, settings);
        _critic = new CriticLoss(critic, noising);
        student.Weights.Train(true);
        critic.Model.Weights.Train(true);
        StudentOptimizer = new AdamWOptimizer(student.Weights, settings.Generator);
        CriticOptimizer = new AdamWOptimizer(critic.Model.Weights, settings.Critic);
    }

    /// <summary>The student's optimiser; rates may be changed between steps.</summary>
    public AdamWOptimizer StudentOptimizer { get; }

    /// <summary>The critic's optimiser.</summary>
    public AdamWOptimizer CriticOptimizer { get; }

    /// <summary>Where the seconds of a step go; null where nobody asks.</summary>
    internal PhaseClock? Clock { get; set; }

    /// <summary>The numbers.</summary>
    public DistillationSettings Settings { get; }

    /// <summary>Steps made.</summary>
    public long Steps { get; private set; }

    /// <summary>Whether the next step begins with the student.</summary>
    public bool IsGeneratorStep => Turn.GeneratorMoves > 0;

    /// <summary>What the next step does.</summary>
    internal LoopTurn Turn => new LoopPlan(Settings.Loop, Settings.Accumulation, Settings.Ratio).Turn(Steps);

    /// <summary>The average of the student's weights; null before it begins.</summary>
    public WeightAverage? Average { get; private set; }

    /// <summary>How a student rolls out.</summary>
    /// <param name="rollout">The student.</param>
    /// <param name="settings">Where gradients of past frames go.</param>
    /// <param name="open">Makes empty caches for a roll-out.</param>
    public static StudentClip RollingOut(SelfForcingRollout rollout, DistillationSettings settings, Func<RolloutDraws, Tensor?, CausalState> open) => (pass, batch, kept) =>
    {
        CausalState state = kept.Keep(open(batch.Draws, batch.Initial));
        state.Gradient = settings.CacheGradient;
        return rollout.Run(pass, state, batch.Text, batch.Draws, batch.Initial);
    };

    /// <summary>Distribution matching as the way clips should change.</summary>
    /// <param name="matching">Teacher, critic and guidance.</param>
    public static ClipGradient Matched(DistributionMatching matching) => (pass, clip, batch, weights) =>
        matching.Gradient(pass, clip, batch.Noise, batch.Timesteps, batch.Text, Negative(batch), weights);

    /// <summary>The negative prompt of a batch.</summary>
    /// <exception cref="ArgumentException">It has none.</exception>
    internal static Tensor Negative(DistillationBatch batch) => batch.Negative ?? throw new ArgumentException("distillation: a step of the student needs the negative prompt.", nameof(batch));

    /// <summary>Moves the student by the mean gradient of some micro-batches. To be called where <see cref="IsGeneratorStep"/> says so.</summary>
    /// <param name="batches">Made when they are needed, in a pass that owns their tensors.</param>
    /// <param name="count">How many.</param>
    /// <param name="cancellation">Stops before weights change.</param>
    public StepResult Generator(Func<Pass, int, DistillationBatch> batches, int count, CancellationToken cancellation = default)
    {
        double[] losses = new double[count];
        double share = Share(count);
        List<double> weights = [], rewards = [];
        double size = 0;
        for (int i = 0; i < count; i++)
        {
            using KeptResources kept = new();
            using Pass pass = Pass.Training(_student.Device, cancellation);
            DistillationBatch batch = batches(pass, i);
            Tensor clip = _clip(pass, batch, kept);
            Clock?.End("rollout");
            using Pass silent = Pass.Inference(_student.Device, cancellation);
            IReadOnlyList<double> judged = _reward?.Invoke(silent, clip, batch) ?? [];
            double[] counts = [.. Enumerable.Range(0, clip.Shape[0]).Select(sample => Settings.Beta == 0 || judged.Count == 0 ? 1 : RewardWeight.Of(Settings.Beta, judged[sample]))];
            Clock?.End("reward");
            MatchingGradient found = _gradient(silent, clip, batch, Array.ConvertAll(counts, weight => weight * share));
            Clock?.End("score");
            (losses[i], size) = (found.Loss, size + (found.MeanSize * share));
            weights.AddRange(counts);
            rewards.AddRange(judged);
            pass.Backward(clip, found.Seed);
            Clock?.End("backward");
        }

        double norm = Move(StudentOptimizer, _student, Settings.LargestGradient, Turn.GeneratorMoves, () => Average?.Update());
        if (Settings.Loop == TrainingLoop.Intended)
        {
            // Score identity distillation leaves gradients there that are nobody's.
            CriticOptimizer.ClearGrads();
        }

        Clock?.End("optimizer");
        return new StepResult(losses, norm, weights) { Rewards = rewards, GradientSize = size };
    }

    /// <summary>Moves the critic by the mean gradient of some micro-batches of fresh clips of the student, and ends the step.</summary>
    /// <param name="batches">Made when they are needed, in a pass that owns their tensors.</param>
    /// <param name="count">How many.</param>
    /// <param name="cancellation">Stops before weights change.</param>
    public StepResult Critic(Func<Pass, int, DistillationBatch> batches, int count, CancellationToken cancellation = default)
    {
        var losses = new double[count];
        double share = Share(count);
        for (int i = 0; i < count; i++)
        {
            using Pass pass = Pass.Training(_student.Device, cancellation);
            using Pass silent = Pass.Inference(_student.Device, cancellation);
            DistillationBatch batch = batches(pass, i);
            Tensor clip;
            using (KeptResources kept = new())
            {
                clip = _clip(silent, batch, kept);
            }

            Clock?.End("critic_rollout");
            Tensor loss = Settings.ComparesX0 ? _critic.X0(pass, clip, batch.Noise, batch.Timesteps, batch.Text)
                : _critic.Flow(pass, clip, batch.Noise, batch.Timesteps, batch.Text, Settings.CriticFlow).Loss;
            losses[i] = loss.ToFloats()[0] * share;
            pass.Backward(loss, pass.From<float>(loss.Shape, [(float)share]));
            Clock?.End("critic_backward");
        }

        double norm = Move(CriticOptimizer, _criticModel, Settings.LargestCriticGradient, Turn.CriticMoves, null);
        Steps++;
        BeginAverage();
        Clock?.End("critic_optimizer");
        return new StepResult(losses, norm, Enumerable.Repeat(1.0, count).ToArray());
    }

    /// <summary>Continues a run; optimisers and average are filled by whoever read them.</summary>
    /// <param name="steps">Steps it had made.</param>
    public void Resume(long steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        Steps = steps;
        BeginAverage();
    }

    /// <summary>Releases the optimisers and the average; networks stay.</summary>
    public void Dispose()
    {
        StudentOptimizer.Dispose();
        CriticOptimizer.Dispose();
        Average?.Dispose();
    }

    private void BeginAverage()
    {
        if (Steps > 0 && Steps >= Settings.AverageStart && Settings.AverageDecay > 0)
        {
            Average ??= new WeightAverage(_student.Weights, Settings.AverageDecay);
        }
    }

    private double Share(int count) => Settings.Loop == TrainingLoop.Intended ? 1.0 / count : count == 1 ? 1.0 / Settings.Accumulation
        : throw new ArgumentException($"distillation: a turn of the reference's loop is one micro-batch, got {count}.", nameof(count));

    private double Move(AdamWOptimizer optimizer, WanTransformer network, double largest, int moves, Action? moved)
    {
        double norm = GradientClip.FiniteNorm(network.Weights, "distillation", Steps);
        double factor = GradientClip.Factor(norm, largest);
        bool clears = Turn.Clears;
        if (!clears || moves > 1)
        {
            // What stays is what was clipped, as in the reference.
            GradientClip.Scale(network.Weights, factor);
            factor = 1;
        }

        for (int i = 0; i < moves; i++)
        {
            optimizer.Step(factor);
            moved?.Invoke();
        }

        if (clears)
        {
            optimizer.ClearGrads();
        }

        return norm;
    }
}
