using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>The networks of a distillation: student and critic with weights of their own, teacher and VAE read in place.</summary>
internal sealed class DistillationNetworks : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    /// <summary>Loads them.</summary>
    /// <param name="device">Where they are to live.</param>
    /// <param name="settings">Which.</param>
    /// <param name="cancellation">Stops between two tensors.</param>
    public DistillationNetworks(Device device, TrainingSettings settings, CancellationToken cancellation)
    {
        try
        {
            ModelFolder own = settings.Folder(settings.GeneratorName);
            Student = Owned(Trainers.Trainable(device, own, settings.GeneratorCheckpoint, cancellation));
            Critic = Owned(Trainers.Trainable(device, settings.Folder(settings.FakeName), settings.CriticCheckpoint, cancellation));
            Teacher = settings.Trainer == TrainerKind.Gan ? Critic : Owned(settings.Folder(settings.RealName).LoadTransformer(device, null, new WanLoadOptions { Weights = new WeightRules { StreamsBlocks = settings.Score.StreamsTeacher } }, cancellation: cancellation));
            Texts = Owned(new PromptTexts(device, own, settings.Type, Student.Config.TextTokens));
            Vae = settings.Loss == DistributionLoss.RewardedDmd ? Owned(own.LoadVae(device, cancellation: cancellation)) : null;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The student.</summary>
    public WanTransformer Student { get; }

    /// <summary>The teacher; adversarial training has none and never asks it.</summary>
    public WanTransformer Teacher { get; }

    /// <summary>The critic.</summary>
    public WanTransformer Critic { get; }

    /// <summary>Prompts.</summary>
    public PromptTexts Texts { get; }

    /// <summary>Decodes clips for the reward; null where there is none.</summary>
    public WanVae? Vae { get; }

    /// <summary>Releases all.</summary>
    public void Dispose() => _owned.ForEach(static one => one.Dispose());

    private T Owned<T>(T one)
        where T : IDisposable
    {
        _owned.Add(one);
        return one;
    }
}
