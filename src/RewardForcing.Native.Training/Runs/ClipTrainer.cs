using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>A transformer that learns from stored clips by one loss.</summary>
internal abstract class ClipTrainer : Trainer
{
    private readonly PromptTexts _texts;
    private readonly ClipBatches _data;
    private readonly TrainedNetwork _network;

    /// <summary>Prepares the optimiser.</summary>
    /// <param name="settings">The run.</param>
    /// <param name="model">The network; disposed with the trainer.</param>
    /// <param name="texts">Prompts; disposed with the trainer.</param>
    /// <param name="data">Clips; disposed with the trainer.</param>
    protected ClipTrainer(TrainingSettings settings, WanTransformer model, PromptTexts texts, ClipBatches data)
    {
        (Settings, Model, _texts, _data) = (settings, model, texts, data);
        _network = new TrainedNetwork("generator", model.Weights, settings, settings.Generator, settings.LargestGenerator);
        model.CheckpointsBlocks = settings.Checkpointing;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TrainedPart> Parts => [_network.Part(Steps)];

    /// <summary>The run.</summary>
    protected TrainingSettings Settings { get; }

    /// <summary>The network.</summary>
    protected WanTransformer Model { get; }

    /// <inheritdoc/>
    public override StepReport Step(CancellationToken cancellation)
    {
        PhaseClock clock = new();
        TrainingDraws draws = new(Settings.Seed, Steps);
        double total = 0;
        for (int micro = 0; micro < Settings.Accumulation; micro++)
        {
            using Pass pass = Pass.Training(Model.Device, cancellation);
            Clip[] rows = _data.Rows(Steps, micro);
            clock.End("data");
            Tensor loss = Loss(pass, draws, micro, rows);
            double value = loss.ToFloats()[0];
            clock.End("forward");
            if (!double.IsFinite(value))
            {
                throw new NotFiniteNumberException($"generator: the loss of step {Steps} is {value}; its weights are those of the step before. Lower the learning rate, or go on from an earlier checkpoint.", value);
            }

            total += value / Settings.Accumulation;
            pass.Backward(loss, pass.From<float>(loss.Shape, [1f / Settings.Accumulation]));
            clock.End("backward");
        }

        double norm = _network.Move(Steps);
        clock.End("optimizer");
        Steps++;
        return new StepReport(new Dictionary<string, double> { ["generator_loss"] = total, ["generator_grad_norm"] = norm }, clock.Seconds);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _network.Dispose();
        _data.Dispose();
        _texts.Dispose();
        Model.Dispose();
    }

    /// <summary>The loss of a micro-batch, <c>[]</c>.</summary>
    /// <param name="pass">Records it.</param>
    /// <param name="draws">What is random in the step.</param>
    /// <param name="micro">Number of the micro-batch.</param>
    /// <param name="rows">Its clips.</param>
    protected abstract Tensor Loss(Pass pass, TrainingDraws draws, int micro, Clip[] rows);

    /// <summary>Encoded prompts, <c>[B, S, text_dim]</c>.</summary>
    /// <param name="pass">Owns the tensor.</param>
    /// <param name="prompts">One for each sample.</param>
    protected Tensor Text(Pass pass, IReadOnlyList<string> prompts) => _texts.Batch(pass, prompts);

    /// <summary>A tensor in the type of the activations.</summary>
    /// <param name="pass">Owns the result.</param>
    /// <param name="x">F32.</param>
    protected Tensor Typed(Pass pass, Tensor x) => Settings.Type == DType.F32 ? x : Cast.Forward(pass, x, Settings.Type);

    /// <summary>What sample videos are made with.</summary>
    /// <param name="isFewStep">Whether in few steps.</param>
    /// <param name="isCausal">Whether block by block.</param>
    protected SampledNetwork SampledAs(bool isFewStep, bool isCausal) => new(Model, _texts, isFewStep, isCausal, _data.Prompts(4));
}
