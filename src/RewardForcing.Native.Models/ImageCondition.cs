using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>What an image-to-video transformer sees of its image.</summary>
/// <param name="ClipFeatures">CLIP features, <c>[B, 257, 1280]</c>.</param>
/// <param name="Latents">Mask and image latents, <c>[B, 20, F, H, W]</c>: four mask channels (1 on frames that are given), then the 16 channels of the VAE.</param>
/// <remarks>Spec: models 1.6.</remarks>
public sealed record ImageCondition(Tensor ClipFeatures, Tensor Latents);
