using System.Text.Json.Nodes;

namespace RewardForcing.Native.Training;

/// <summary>One kind of training: networks, their optimisers, and how a step is made. What is random in a step depends on its number only, so that a resumed run goes on bit for bit.</summary>
public abstract class Trainer : IDisposable
{
    /// <summary>Optimiser steps made.</summary>
    public long Steps { get; protected set; }

    /// <summary>What a checkpoint holds.</summary>
    public abstract IReadOnlyList<TrainedPart> Parts { get; }

    /// <summary>What sample videos are made with; null where there are none to make.</summary>
    internal virtual SampledNetwork? Sampled => null;

    /// <summary>Writes what else a checkpoint is good for, such as a file other programs read.</summary>
    /// <param name="folder">The checkpoint's.</param>
    /// <returns>Names of the files.</returns>
    internal virtual IReadOnlyList<string> Export(string folder) => [];

    /// <summary>Makes one optimiser step.</summary>
    /// <param name="cancellation">Stops before weights change.</param>
    /// <returns>What the logs tell of it.</returns>
    /// <exception cref="NotFiniteNumberException">A loss or a gradient is not finite; the weights are those of the step before.</exception>
    public abstract StepReport Step(CancellationToken cancellation);

    /// <summary>Adds what a resumed run needs besides weights, optimisers and the number of steps, such as running statistics.</summary>
    /// <param name="state">The part of the checkpoint's sidecar that is the trainer's.</param>
    public virtual void SaveState(JsonObject state)
    {
    }

    /// <summary>Takes back what <see cref="SaveState"/> added.</summary>
    /// <param name="state">The part of the checkpoint's sidecar that is the trainer's.</param>
    /// <param name="steps">Optimiser steps that had been made.</param>
    public virtual void LoadState(JsonObject state, long steps) => Steps = steps;

    /// <summary>Releases what the trainer made.</summary>
    public abstract void Dispose();
}
