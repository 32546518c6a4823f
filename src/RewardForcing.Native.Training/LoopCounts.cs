namespace RewardForcing.Native.Training;

/// <summary>What happened in a number of turns of a training loop.</summary>
/// <param name="GeneratorBackwards">Micro-batches of the student.</param>
/// <param name="GeneratorMoves">Steps of its optimiser.</param>
/// <param name="CriticBackwards">Micro-batches of the critic.</param>
/// <param name="CriticMoves">Steps of its optimiser.</param>
/// <param name="AverageUpdates">Updates of the average of the student's weights.</param>
/// <param name="Saves">Turns after which a checkpoint was written, counted from 1.</param>
public sealed record LoopCounts(long GeneratorBackwards, long GeneratorMoves, long CriticBackwards, long CriticMoves, long AverageUpdates, IReadOnlyList<long> Saves);
