namespace RewardForcing.Native.Training;

/// <summary>Where the numbers of a run go, step by step.</summary>
/// <remarks>Spec: training 4.9.</remarks>
public interface ITrainingLog : IDisposable
{
    /// <summary>Writes the numbers of a step. They are in the file, for others to see, when this returns.</summary>
    /// <param name="step">Optimiser steps made; not less than at the call before.</param>
    /// <param name="values">By key, such as <c>generator_loss</c>.</param>
    /// <exception cref="IOException">They could not be written; what was written before stays whole.</exception>
    void Write(long step, IReadOnlyDictionary<string, double> values);
}
