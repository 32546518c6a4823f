using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Opens the trainer a configuration asks for.</summary>
internal static class Trainers
{
    /// <summary>Loads networks and opens data.</summary>
    /// <param name="device">Where to train.</param>
    /// <param name="settings">The run.</param>
    /// <param name="cancellation">Stops between two tensors.</param>
    public static Trainer Open(Device device, TrainingSettings settings, CancellationToken cancellation) => settings.Trainer switch
    {
        TrainerKind.Diffusion => WithTexts(device, settings, cancellation, static (settings, model, texts) => new DiffusionTrainer(settings, model, texts)),
        TrainerKind.Ode => WithTexts(device, settings, cancellation, static (settings, model, texts) => new OdeTrainer(settings, model, texts)),
        TrainerKind.ScoreDistillation or TrainerKind.RewardedDistillation => WithNetworks(new DistillationNetworks(device, settings, cancellation), networks => new DistillationTrainer(settings, networks)),
        TrainerKind.Gan => WithNetworks(new DistillationNetworks(device, settings, cancellation), networks => new GanTrainer(settings, networks)),
        _ => new VaeRun(device, settings, cancellation),
    };

    /// <summary>Loads a transformer that can be trained: weights of its own, in F32.</summary>
    /// <param name="device">Where it is to live.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="checkpoint">Weights that replace the folder's; null for none.</param>
    /// <param name="cancellation">Stops between two tensors.</param>
    public static WanTransformer Trainable(Device device, ModelFolder folder, string? checkpoint, CancellationToken cancellation) => folder.LoadTransformer(
        device, checkpoint, new WanLoadOptions { Weights = new WeightRules { IsWritable = true, CastTo = DType.F32 } }, cancellation: cancellation);

    private static Trainer WithNetworks(DistillationNetworks networks, Func<DistillationNetworks, Trainer> make)
    {
        try
        {
            return make(networks);
        }
        catch
        {
            networks.Dispose();
            throw;
        }
    }

    private static Trainer WithTexts(Device device, TrainingSettings settings, CancellationToken cancellation, Func<TrainingSettings, WanTransformer, PromptTexts, Trainer> make)
    {
        ModelFolder folder = settings.Folder(settings.GeneratorName);
        WanTransformer model = Trainable(device, folder, settings.GeneratorCheckpoint, cancellation);
        PromptTexts? texts = null;
        try
        {
            texts = new PromptTexts(device, folder, settings.Type, model.Config.TextTokens);
            return make(settings, model, texts);
        }
        catch
        {
            texts?.Dispose();
            model.Dispose();
            throw;
        }
    }
}
