namespace RewardForcing.Native.Generation;

/// <summary>A video, or several samples that were made together, and what it took.</summary>
/// <param name="Index">The prompt's number, from 0.</param>
/// <param name="Prompt">The prompt that was encoded.</param>
/// <param name="Files">The videos, one for each sample that was written.</param>
/// <param name="Extras">Contact sheets and latents.</param>
/// <param name="Height">Rows of pixels.</param>
/// <param name="Width">Columns of pixels.</param>
/// <param name="Timing">Where time and memory went.</param>
public sealed record VideoReport(
    int Index, string Prompt, IReadOnlyList<string> Files, IReadOnlyList<string> Extras, int Height, int Width, GenerationReport Timing);
