namespace RewardForcing.Native.Generation;

/// <summary>How far a generation has got. Reported from the threads that do the work.</summary>
/// <param name="Stage">What was just done.</param>
/// <param name="Block">Block it was done for, from 0; -1 for given latents.</param>
/// <param name="Blocks">Blocks to generate.</param>
/// <param name="Step">Steps of the block that are done.</param>
/// <param name="Steps">Steps of each block.</param>
/// <param name="Frames">Frames decoded so far, of one sample.</param>
/// <param name="TotalFrames">Frames of the whole video; 0 if nothing is decoded.</param>
/// <param name="Elapsed">Time since the generation began.</param>
public readonly record struct GenerationProgress(
    GenerationStage Stage, int Block, int Blocks, int Step, int Steps, int Frames, int TotalFrames, TimeSpan Elapsed);
