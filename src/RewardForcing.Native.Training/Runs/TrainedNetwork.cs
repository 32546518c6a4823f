using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;

namespace RewardForcing.Native.Training;

/// <summary>The weights of a network, their optimiser and their running average, moved together by the gradients that have been gathered.</summary>
internal sealed class TrainedNetwork : IDisposable
{
    private readonly WeightSet _weights;
    private readonly AdamWOptimizer _optimizer;
    private readonly TrainingSettings _settings;
    private readonly AdamWSettings _rates;
    private readonly double _largest;
    private WeightAverage? _average;

    /// <summary>Makes all weights trainable and allocates the optimiser's state.</summary>
    /// <param name="name">Name of its files in a checkpoint.</param>
    /// <param name="weights">The weights; the caller disposes them.</param>
    /// <param name="settings">Rates' schedule and the average.</param>
    /// <param name="rates">Rates of this network.</param>
    /// <param name="largest">Largest length of its gradient.</param>
    public TrainedNetwork(string name, WeightSet weights, TrainingSettings settings, AdamWSettings rates, double largest)
    {
        (Name, _weights, _settings, _rates, _largest) = (name, weights, settings, rates, largest);
        weights.Train(true);
        _optimizer = new AdamWOptimizer(weights, rates);
    }

    /// <summary>Name of its files in a checkpoint.</summary>
    public string Name { get; }

    /// <summary>What a checkpoint holds of it.</summary>
    /// <param name="steps">Steps made: from the first with an average on, a checkpoint has one.</param>
    public TrainedPart Part(long steps) => new(Name, _weights, _optimizer, AverageAfter(steps));

    /// <summary>Makes an optimiser step and forgets the gradients.</summary>
    /// <param name="step">Number of the step, from 0.</param>
    /// <returns>Length of the gradient before clipping.</returns>
    /// <exception cref="NotFiniteNumberException">The gradient is not finite; weights and state are as before.</exception>
    public double Move(long step)
    {
        double norm = GradientClip.FiniteNorm(_weights, Name, step);
        _optimizer.Settings = _settings.RateAt(_rates, step);
        _optimizer.Step(GradientClip.Factor(norm, _largest));
        _optimizer.ClearGrads();
        _average?.Update();
        _ = AverageAfter(step + 1);
        return norm;
    }

    /// <summary>Releases optimiser and average; the weights stay.</summary>
    public void Dispose()
    {
        _optimizer.Dispose();
        _average?.Dispose();
    }

    // Begins as a copy of the weights.
    private WeightAverage? AverageAfter(long steps) =>
        _settings.AverageDecay > 0 && steps > 0 && steps >= _settings.AverageStart ? _average ??= new WeightAverage(_weights, _settings.AverageDecay) : null;
}
