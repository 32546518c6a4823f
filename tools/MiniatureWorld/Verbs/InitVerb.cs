using System.Globalization;
using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Writes a model folder in the original layout whose transformer has learnt nothing yet.</summary>
internal static class InitVerb
{
    private const string VaeName = "Wan2.1_VAE.pth";

    public static void Run(ToolArguments arguments)
    {
        (string output, string? vae, int seed) = (arguments.Need("--output"), arguments.Take("--vae"), arguments.Whole("--seed", 0, least: 0));
        WanConfig config = MiniatureGeometry.Transformer(arguments.Whole("--dim", 128), arguments.Whole("--layers", 6), arguments.Whole("--heads", 4));
        arguments.RequireNothingElse();
        config.Validate();
        foreach (string file in Write(output, config, vae, (ulong)seed))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{file}  {new FileInfo(file).Length:N0} bytes"));
        }
    }

    /// <summary>Writes the folder.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="config">Sizes of the transformer.</param>
    /// <param name="vae">A trained VAE to copy; null writes one that has learnt nothing.</param>
    /// <param name="seed">Seed of all weights.</param>
    /// <returns>The files, as they are written.</returns>
    public static IEnumerable<string> Write(string folder, WanConfig config, string? vae, ulong seed)
    {
        string tokenizer = Path.Combine(folder, "google", "umt5-xxl");
        int vocabulary = SentencePieceWriter.FirstPiece + TokenizerVerb.Write(tokenizer, seed: seed);
        yield return Path.Combine(tokenizer, "spiece.model");

        string json = Path.Combine(folder, "config.json");
        WholeFile.Write(json, stream => WriteConfig(stream, config));
        yield return json;

        FreshWeights wide = new(seed, ElementType.F32), narrow = new(seed, ElementType.BF16);
        string transformer = Path.Combine(folder, "diffusion_pytorch_model.safetensors");
        SafetensorsWriter.Write(transformer, [.. config.Parameters().Select(wide.Transformer)]);
        yield return transformer;

        UmT5Config text = MiniatureGeometry.TextEncoder(vocabulary);
        string encoder = Path.Combine(folder, "models_t5_umt5-xxl-enc-bf16.pth");
        PyTorchArchiveWriter.Write(encoder, [.. UmT5Encoder.Declare(text).Select(spec => narrow.TextEncoder(spec, text))]);
        yield return encoder;

        string autoencoder = Path.Combine(folder, VaeName);
        WriteVae(autoencoder, vae, seed);
        yield return autoencoder;
    }

    private static void WriteVae(string path, string? trained, ulong seed)
    {
        if (trained is not null)
        {
            WholeFile.Write(path, stream =>
            {
                using FileStream source = File.OpenRead(trained);
                source.CopyTo(stream);
            });
            return;
        }

        using CpuDevice device = new(1);
        using WanVae vae = VaeStart.Create(device, MiniatureGeometry.Vae, seed);
        VaeFile.Write(path, vae.Weights, vae.Config, LatentStatistics.Assumed(vae.Config));
    }

    private static void WriteConfig(Stream stream, WanConfig config)
    {
        using Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true });
        writer.WriteStartObject();
        writer.WriteString("_class_name", "WanModel");
        writer.WriteString("model_type", "t2v");
        writer.WriteNumber("dim", config.Dim);
        writer.WriteNumber("eps", config.Eps);
        writer.WriteNumber("ffn_dim", config.FfnDim);
        writer.WriteNumber("freq_dim", config.FreqDim);
        writer.WriteNumber("in_dim", config.InChannels);
        writer.WriteNumber("num_heads", config.Heads);
        writer.WriteNumber("num_layers", config.Layers);
        writer.WriteNumber("out_dim", config.OutChannels);
        writer.WriteNumber("text_dim", config.TextDim);
        writer.WriteNumber("text_len", config.TextTokens);
        writer.WriteEndObject();
    }
}
