namespace RewardForcing.Native.Generation;

/// <summary>Latents on their way from the thread that made them to the one that decodes them: in host memory, so that neither waits for the other to let go.</summary>
/// <param name="Block">Number of the block; -1 for given latents.</param>
/// <param name="FirstLatent">First latent frame in the whole video.</param>
/// <param name="Frames">Latent frames, f.</param>
/// <param name="Values">Normalised latents, <c>[B, f, C, H, W]</c>.</param>
/// <param name="DenoiseSeconds">Time that making them took.</param>
internal sealed record FinishedBlock(int Block, int FirstLatent, int Frames, float[] Values, double DenoiseSeconds);
