namespace RewardForcing.Native.Generation;

/// <summary>What an image-to-video transformer sees of its image, in host memory.</summary>
/// <param name="ClipFeatures">CLIP features, <c>[257, 1280]</c>.</param>
/// <param name="Latents">The video whose first frame is the image and whose other frames are grey, encoded: one latent frame for each to be generated.</param>
/// <remarks>Spec: models 1.6.</remarks>
public sealed record ImageGuide(ReadOnlyMemory<float> ClipFeatures, LatentFrames Latents);
