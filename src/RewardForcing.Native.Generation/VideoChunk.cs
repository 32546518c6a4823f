namespace RewardForcing.Native.Generation;

/// <summary>Frames of one sample that are ready to be shown. Owns its memory: it stays valid after the next chunk.</summary>
/// <param name="Index">Number of the chunk of its sample, from 0.</param>
/// <param name="Block">The block the frames belong to, from 0; -1 for given latents. The whole-video samplers have one block, 0.</param>
/// <param name="Sample">The sample, from 0.</param>
/// <param name="FirstFrame">First frame in the video, from 0.</param>
/// <param name="Frames">Number of frames, P.</param>
/// <param name="Height">Rows of pixels.</param>
/// <param name="Width">Columns of pixels.</param>
/// <param name="Rgb24">Frames, <c>[P, H, W, 3]</c>; empty if the pipeline has no decoder.</param>
/// <param name="Latents">The latents the frames were decoded from.</param>
/// <param name="FirstLatent">First of them in the video, from 0.</param>
/// <param name="DenoiseSeconds">Time that making the latents took, all samples; 0 for given ones and for further chunks of one block.</param>
/// <param name="DecodeSeconds">Time that decoding them took, all samples.</param>
public sealed record VideoChunk(
    int Index,
    int Block,
    int Sample,
    int FirstFrame,
    int Frames,
    int Height,
    int Width,
    ReadOnlyMemory<byte> Rgb24,
    LatentFrames Latents,
    int FirstLatent,
    double DenoiseSeconds,
    double DecodeSeconds);
