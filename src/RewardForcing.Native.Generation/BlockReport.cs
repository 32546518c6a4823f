namespace RewardForcing.Native.Generation;

/// <summary>Seconds one block took, all samples together.</summary>
/// <param name="Block">Number of the block; -1 for given latents.</param>
/// <param name="LatentFrames">Its latent frames.</param>
/// <param name="Frames">Its decoded frames, of one sample.</param>
/// <param name="DenoiseSeconds">Making the latents; for given ones, putting them into the caches.</param>
/// <param name="CachePassSeconds">Putting the finished latents into the caches; 0 for the last block, which nothing follows.</param>
/// <param name="DecodeSeconds">Decoding them.</param>
public sealed record BlockReport(int Block, int LatentFrames, int Frames, double DenoiseSeconds, double CachePassSeconds, double DecodeSeconds);
