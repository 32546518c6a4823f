using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Videos of a store, through a VAE and back to bytes.</summary>
internal static class VideoTensors
{
    /// <summary>Encodes a video to normalised latents, <c>[1, F, H/8, W/8, z]</c>.</summary>
    /// <param name="pass">Where to run.</param>
    /// <param name="vae">The network.</param>
    /// <param name="clip">A video, 0 to 255, <c>[T, H, W, 3]</c>.</param>
    public static Tensor Encode(Pass pass, WanVae vae, Clip clip)
    {
        Shape shape = new([1, .. clip.Shape.ToArray()]);
        return vae.Encode(pass, pass.From<float>(shape, Array.ConvertAll(clip.Values, static value => (value / 127.5f) - 1)));
    }

    /// <summary>Decodes latents to bytes, <c>[T, H, W, 3]</c>.</summary>
    /// <param name="pass">Where to run.</param>
    /// <param name="vae">The network.</param>
    /// <param name="latents">Normalised, <c>[1, F, H/8, W/8, z]</c>.</param>
    public static byte[] Decode(Pass pass, WanVae vae, Tensor latents) =>
        Array.ConvertAll(vae.Decode(pass, latents).ToFloats(), static value => (byte)Math.Clamp(MathF.Round((value + 1) * 127.5f), 0, 255));

    /// <summary>The bytes of a video as a store gives it.</summary>
    public static byte[] Bytes(Clip clip) => Array.ConvertAll(clip.Values, static value => (byte)value);
}
