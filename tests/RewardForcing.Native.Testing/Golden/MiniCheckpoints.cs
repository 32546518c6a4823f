using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>The text encoder and the VAE of miniature checkpoint folders, in the original and the diffusers layout.</summary>
internal static class MiniCheckpoints
{
    private const double TextTolerance = 4e-6;
    private const double DecodeTolerance = 1.5e-5;
    private const double EncodeTolerance = 4e-6;

    public static IEnumerable<Comparison> Run(GoldenFile file, Device device, string folder)
    {
        foreach (string path in Files(folder, "models_t5_*.pth", "text_encoder/model.safetensors.index.json"))
        {
            yield return Text(file, device, path);
        }

        foreach (string path in Files(folder, "Wan2.1_VAE.pth", "vae/diffusion_pytorch_model.safetensors"))
        {
            using TensorArchive archive = TensorArchive.Open(path);
            using WanVae vae = WanVae.Load(device, archive, options: new VaeOptions { Weights = file.Rules });
            using Pass pass = Pass.Inference(device);
            Tensor pixels = vae.Decode(pass, Permute.Forward(pass, WanGolden.Input(pass, file, "in.z"), 0, 2, 3, 4, 1));
            yield return Named(path, WanGolden.Compare(file, "out.vae_decode", Permute.Forward(pass, pixels, 0, 4, 1, 2, 3).ToFloats(), DecodeTolerance));
            Tensor latents = vae.Encode(pass, Permute.Forward(pass, WanGolden.Input(pass, file, "in.pixels"), 0, 2, 3, 4, 1));
            yield return Named(path, WanGolden.Compare(file, "out.vae_encode", Permute.Forward(pass, latents, 0, 4, 1, 2, 3).ToFloats(), EncodeTolerance));
        }
    }

    private static Comparison Text(GoldenFile file, Device device, string path)
    {
        int tokens = file.ShapeOf("in.ids")[1];
        int[][] texts = [.. file.Ints("in.ids").Chunk(tokens)];
        using TensorArchive archive = TensorArchive.Open(path);
        using UmT5Encoder encoder = UmT5Encoder.Load(device, archive, rules: file.Rules);
        using Pass pass = Pass.Inference(device);
        return Named(path, WanGolden.Compare(file, "out.t5", encoder.EncodeContext(pass, texts, tokens, file.Type).ToFloats(), TextTolerance));
    }

    private static IEnumerable<string> Files(string folder, string original, string diffusers) =>
        Directory.EnumerateFiles(folder, original, SearchOption.AllDirectories).Append(Path.Combine(folder, "diffusers", diffusers)).Where(File.Exists);

    private static Comparison Named(string path, Comparison comparison) =>
        comparison with { Tensor = $"{comparison.Tensor} ({Path.GetFileName(Path.GetDirectoryName(path))})" };
}
