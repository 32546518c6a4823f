using System.Text.Json.Nodes;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Trains a Wan VAE on videos and single frames of them.</summary>
/// <remarks>Steps see either images or videos, as draws decide. A trained network is written by <see cref="VaeFile"/>.</remarks>
public sealed class VaeTrainer : Trainer
{
    private readonly WanVae _vae;
    private readonly VaeLoss _loss;
    private readonly VideoCrops _crops;
    private readonly VaeTrainingSettings _settings;
    private readonly AdamWOptimizer _optimizer;
    private WeightAverage? _average;

    /// <summary>Prepares the optimiser.</summary>
    /// <param name="vae">The network; its weights become trainable. Stays with its owner.</param>
    /// <param name="clips">Videos, <c>[F, H, W, 3]</c>, 0 to 255. Stays with its owner.</param>
    /// <param name="settings">The numbers.</param>
    /// <exception cref="ArgumentException">A number is out of range, or the videos do not fit the numbers or the network.</exception>
    public VaeTrainer(WanVae vae, IClipStore clips, VaeTrainingSettings settings)
    {
        settings.Validate();
        (_vae, _settings) = (vae, settings);
        _loss = new VaeLoss(vae) { KlWeight = settings.KlWeight, SquareWeight = settings.SquareWeight };
        _crops = new VideoCrops(clips, settings.CropSize);
        _crops.Check(settings.Frames);
        _ = _loss.LatentShape(new Shape(1, settings.Frames, _crops.Height, _crops.Width, 3));
        vae.Weights.Train(true);
        foreach (Parameter parameter in vae.Weights.Where(parameter => settings.DecoderOnly && IsEncoder(parameter.Name)))
        {
            parameter.Trainable = false;
        }

        _optimizer = new AdamWOptimizer(vae.Weights, settings.Optimizer);
        BeginAverage();
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TrainedPart> Parts => [new TrainedPart("vae", _vae.Weights, _optimizer, _average)];

    /// <inheritdoc/>
    public override StepReport Step(CancellationToken cancellation)
    {
        TrainingDraws draws = new(_settings.Seed, Steps);
        bool images = draws.Uniform("images", 0) < _settings.ImageShare;
        PhaseClock clock = new();
        using Pass pass = Pass.Training(_vae.Device, cancellation);
        Tensor video = _crops.Read(pass, draws, images ? _settings.ImageBatch : _settings.VideoBatch, images ? 1 : _settings.Frames);
        clock.End("data");
        Tensor noise = draws.Normal(pass, _loss.LatentShape(video.Shape), "latent", 0);
        (Tensor loss, Tensor difference, Tensor divergence, _) = _loss.Forward(pass, video, noise);
        double value = loss.ToFloats()[0];
        clock.End("forward");
        pass.Backward(loss);
        clock.End("backward");
        double norm = Move(value, cancellation);
        clock.End("optimizer");
        Dictionary<string, double> values = new()
        {
            ["vae_loss"] = value,
            ["vae_l1"] = difference.ToFloats()[0],
            ["vae_kl"] = divergence.ToFloats()[0],
            ["vae_grad_norm"] = norm,
            ["images"] = images ? 1 : 0,
            ["lr"] = _optimizer.Settings.LearningRate,
        };
        return new StepReport(values, clock.Seconds);
    }

    /// <inheritdoc/>
    public override void LoadState(JsonObject state, long steps)
    {
        base.LoadState(state, steps);
        BeginAverage();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _optimizer.Dispose();
        _average?.Dispose();
    }

    private static bool IsEncoder(string name) => name.StartsWith("encoder.", StringComparison.Ordinal) || name.StartsWith("conv1.", StringComparison.Ordinal);

    private double Move(double loss, CancellationToken cancellation)
    {
        double norm = GradientClip.Norm(_vae.Weights);
        if (!double.IsFinite(norm) || !double.IsFinite(loss))
        {
            _optimizer.ClearGrads();
            throw new NotFiniteNumberException(
                $"vae training: the loss of step {Steps} is {loss} and its gradient {norm}; the weights are those of the step before. Lower the learning rate or resume an earlier checkpoint.", norm);
        }

        if (cancellation.IsCancellationRequested)
        {
            _optimizer.ClearGrads();
            cancellation.ThrowIfCancellationRequested();
        }

        _optimizer.Settings = _settings.Optimizer with { LearningRate = _settings.Optimizer.LearningRate * _settings.Schedule.Factor(Steps) };
        _optimizer.Step(GradientClip.Factor(norm, _settings.LargestGradient));
        _optimizer.ClearGrads();
        Steps++;
        _average?.Update();
        BeginAverage();
        return norm;
    }

    private void BeginAverage()
    {
        if (_average is null && _settings.AverageDecay > 0 && Steps >= _settings.AverageStart)
        {
            _average = new WeightAverage(_vae.Weights, _settings.AverageDecay);
        }
    }
}
