using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Adversarial distillation: steps of the student on what a discriminator says of its clips, and of the discriminator on fresh clips and data.</summary>
/// <remarks>The intended loop of training 3.8 and 4.3; the reference's own does not run.</remarks>
public sealed class GanDistillation : IDisposable
{
    private const double WarmupBeta1 = 0.9;

    private readonly WanTransformer _student;
    private readonly GanLoss _loss;
    private readonly Func<Pass, GanBatch, KeptResources, Tensor> _clip;

    /// <summary>Prepares the state of both optimisers.</summary>
    /// <param name="student">Its weights become trainable.</param>
    /// <param name="loss">The discriminator and its losses; its weights become trainable, in the warm-up only those on top of its transformer.</param>
    /// <param name="settings">The numbers.</param>
    /// <param name="clip">Makes a clip with the student, <c>[B, F, C, H, W]</c>, recorded in a training pass.</param>
    /// <exception cref="ArgumentException">A number is out of range.</exception>
    public GanDistillation(WanTransformer student, GanLoss loss, GanDistillationSettings settings, Func<Pass, GanBatch, KeptResources, Tensor> clip)
    {
        loss.Settings.Validate();
        ArgumentOutOfRangeException.ThrowIfNegative(settings.WarmupSteps);
        ArgumentOutOfRangeException.ThrowIfLessThan(settings.Ratio, 1);
        (_student, _loss, _clip, Settings) = (student, loss, clip, settings);
        student.Weights.Train(true);
        StudentOptimizer = new AdamWOptimizer(student.Weights, settings.Generator);
        CriticOptimizer = OpenCritic();
    }

    /// <summary>The numbers.</summary>
    public GanDistillationSettings Settings { get; }

    /// <summary>The student's optimiser.</summary>
    public AdamWOptimizer StudentOptimizer { get; }

    /// <summary>The discriminator's optimiser; another one when the warm-up is over.</summary>
    public AdamWOptimizer CriticOptimizer { get; private set; }

    /// <summary>Steps made.</summary>
    public long Steps { get; private set; }

    /// <summary>Whether only the discriminator's own layers learn yet.</summary>
    public bool IsWarmup => Steps < Settings.WarmupSteps;

    /// <summary>Whether the next step begins with the student.</summary>
    public bool IsGeneratorStep => !IsWarmup && Steps % Settings.Ratio == 0;

    /// <summary>The average of the student's weights; null before it begins.</summary>
    public WeightAverage? Average { get; private set; }

    /// <summary>Moves the student by the mean gradient of some micro-batches. To be called where <see cref="IsGeneratorStep"/> says so.</summary>
    /// <param name="batches">Made when they are needed, in a pass that owns their tensors.</param>
    /// <param name="count">How many.</param>
    /// <param name="cancellation">Stops before weights change.</param>
    public StepResult Generator(Func<Pass, int, GanBatch> batches, int count, CancellationToken cancellation = default)
    {
        var losses = new double[count];
        for (int i = 0; i < count; i++)
        {
            using KeptResources kept = new();
            using Pass pass = Pass.Training(_student.Device, cancellation), silent = Pass.Inference(_student.Device, cancellation);
            GanBatch batch = batches(pass, i);
            Tensor clip = _clip(pass, batch, kept);
            (losses[i], Tensor seed, _, _) = _loss.Generator(silent, clip, batch.Real, batch.Noise, batch.RealNoise, batch.Timesteps, batch.Text, 1.0 / count);
            pass.Backward(clip, seed);
        }

        double norm = Move(StudentOptimizer, _student.Weights);
        Average?.Update();
        return new StepResult(losses, norm, Enumerable.Repeat(1.0, count).ToArray());
    }

    /// <summary>Moves the discriminator by the mean gradient of some micro-batches of fresh clips, and ends the step.</summary>
    /// <param name="batches">Made when they are needed, in a pass that owns their tensors.</param>
    /// <param name="count">How many.</param>
    /// <param name="cancellation">Stops before weights change.</param>
    public StepResult Critic(Func<Pass, int, GanBatch> batches, int count, CancellationToken cancellation = default)
    {
        var losses = new double[count];
        for (int i = 0; i < count; i++)
        {
            using Pass pass = Pass.Training(_student.Device, cancellation), silent = Pass.Inference(_student.Device, cancellation);
            GanBatch batch = batches(pass, i);
            using KeptResources kept = new();
            Tensor clip = _clip(silent, batch, kept);
            Tensor total = _loss.Discriminator(pass, clip, batch.Real, batch.Noise, batch.Timesteps, batch.Text, batch.RealSlope, batch.FakeSlope).Total;
            losses[i] = total.ToFloats()[0] / count;
            pass.Backward(total, pass.From<float>(total.Shape, [1f / count]));
        }

        double norm = Move(CriticOptimizer, _loss.Critic.Weights);
        bool warmed = IsWarmup;
        Steps++;
        if (warmed && !IsWarmup)
        {
            CriticOptimizer.Dispose();
            CriticOptimizer = OpenCritic();
        }

        BeginAverage();
        return new StepResult(losses, norm, Enumerable.Repeat(1.0, count).ToArray());
    }

    /// <summary>Continues a run; optimisers and average are filled by whoever read them.</summary>
    /// <param name="steps">Steps it had made.</param>
    public void Resume(long steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        Steps = steps;
        CriticOptimizer.Dispose();
        CriticOptimizer = OpenCritic();
        BeginAverage();
    }

    /// <summary>Releases the optimisers and the average; networks stay.</summary>
    public void Dispose()
    {
        StudentOptimizer.Dispose();
        CriticOptimizer.Dispose();
        Average?.Dispose();
    }

    private AdamWOptimizer OpenCritic()
    {
        foreach (Parameter parameter in _loss.Critic.Weights)
        {
            parameter.Trainable = !IsWarmup || WanDiscriminator.Owns(parameter.Name);
        }

        AdamWSettings rates = IsWarmup ? Settings.Critic with { Beta1 = WarmupBeta1 } : Settings.Critic;
        return new AdamWOptimizer(_loss.Critic.Weights, rates, name => WanDiscriminator.Owns(name) ? Settings.DiscriminatorShare : 1);
    }

    private void BeginAverage()
    {
        if (Steps > 0 && Steps >= Settings.AverageStart && Settings.AverageDecay > 0)
        {
            Average ??= new WeightAverage(_student.Weights, Settings.AverageDecay);
        }
    }

    private double Move(AdamWOptimizer optimizer, WeightSet weights)
    {
        double norm = GradientClip.FiniteNorm(weights, "gan", Steps);
        optimizer.Step(GradientClip.Factor(norm, Settings.LargestGradient));
        optimizer.ClearGrads();
        return norm;
    }
}
