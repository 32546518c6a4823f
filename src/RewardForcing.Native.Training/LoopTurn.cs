namespace RewardForcing.Native.Training;

/// <summary>What a turn of a training loop does.</summary>
/// <param name="Backwards">Micro-batches of each network that learns.</param>
/// <param name="GeneratorMoves">How often the student's optimiser steps; 0 where it does not learn.</param>
/// <param name="CriticMoves">How often the critic's does.</param>
/// <param name="Clears">Whether gradients are forgotten at the end.</param>
/// <param name="Saves">Whether a checkpoint is due.</param>
public readonly record struct LoopTurn(int Backwards, int GeneratorMoves, int CriticMoves, bool Clears, bool Saves);
