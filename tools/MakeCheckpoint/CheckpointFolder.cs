using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace MakeCheckpoint;

/// <summary>Writes the files of one model with the names and folders under which they are published.</summary>
internal sealed class CheckpointFolder(Request request)
{
    private static readonly WanConfig _miniDit = new() { Dim = 128, FfnDim = 256, Heads = 2, Layers = 2, TextDim = 64 };
    private static readonly VaeConfig _miniVae = new() { Dim = 16 };
    private static readonly UmT5Config _miniT5 = new() { Vocabulary = 1348, Dim = 64, AttentionDim = 128, FfnDim = 128, Heads = 2, Layers = 2 };

    private static readonly WanConfig _miniImageDit = _miniDit with { ModelType = WanModelType.ImageToVideo, InChannels = 36, ClipDim = 160 };

    // As many rows of features as the published tower, 257, from a smaller picture.
    private static readonly ClipVisionConfig _miniClip = new() { Dim = 160, Heads = 2, Layers = 3, FfnDim = 320, ImageSize = 64, PatchSize = 4 };

    private bool Mini => request.Size.StartsWith("mini", StringComparison.Ordinal);

    private bool Diffusers => request.Layout == "diffusers";

    /// <returns>The files written, in order.</returns>
    public IEnumerable<string> Write()
    {
        foreach ((string part, Func<string> write) in new (string, Func<string>)[] { ("dit", Dit), ("vae", Vae), ("t5", T5), ("tokenizer", Tokenizer), ("clip", Clip), ("taehv", Preview) })
        {
            if (request.Parts.Contains(part))
            {
                yield return write();
            }
        }
    }

    private string Dit()
    {
        WanConfig config = request.Size switch
        {
            "mini" => _miniDit,
            "mini-i2v" => _miniImageDit,
            "14b" => WanConfig.T2V14B,
            "i2v-14b" => WanConfig.I2V14B,
            _ => WanConfig.T2V1_3B,
        };
        string folder = Diffusers ? Path.Combine(request.Output, "transformer") : request.Output;
        WholeFile.Write(Path.Combine(folder, "config.json"), stream => WriteConfig(stream, config));
        if (request.Layout == "reward-forcing")
        {
            // The published checkpoint is one flat dictionary whose keys begin with "model.".
            string checkpoint = Path.Combine(folder, "rewardforcing.pt");
            PyTorchArchiveWriter.Write(checkpoint, Tensors(config.Parameters(), request.Type, static name => $"model.{name}"));
            return checkpoint;
        }

        string file = Path.Combine(folder, "diffusion_pytorch_model.safetensors");
        SafetensorsWriter.Write(file, Tensors(config.Parameters(), request.Type, name => Diffusers ? WanKeyMap.DiffusersName(name) : name));
        return file;
    }

    private string Vae()
    {
        VaeConfig config = Mini ? _miniVae : VaeConfig.Wan21;
        if (Diffusers)
        {
            string file = Path.Combine(request.Output, "vae", "diffusion_pytorch_model.safetensors");
            SafetensorsWriter.Write(file, Tensors(WanVae.Declare(config), ElementType.F32, name => WanVaeKeyMap.DiffusersName(config, name)));
            return file;
        }

        return Archive("Wan2.1_VAE.pth", WanVae.Declare(config), ElementType.F32);
    }

    private string T5()
    {
        UmT5Config config = Mini ? _miniT5 : UmT5Config.Xxl;
        if (Diffusers)
        {
            string file = Path.Combine(request.Output, "text_encoder", "model.safetensors");
            SafetensorsWriter.Write(file, Tensors(UmT5Encoder.Declare(config), ElementType.BF16, UmT5KeyMap.HuggingFaceName));
            return file;
        }

        return Archive("models_t5_umt5-xxl-enc-bf16.pth", UmT5Encoder.Declare(config), ElementType.BF16);
    }

    // The tokenizer is small and real, of 1000 pieces: the text encoder has room for them.
    private string Tokenizer()
    {
        string folder = Path.Combine(request.Output, Diffusers ? "tokenizer" : Path.Combine("google", "umt5-xxl"));
        string[] names = ["spiece.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"];
        foreach (string name in names)
        {
            using Stream source = typeof(CheckpointFolder).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not part of this tool.");
            WholeFile.Write(Path.Combine(folder, name), source.CopyTo);
        }

        return Path.Combine(folder, names[0]);
    }

    // The published file also holds the last block, which is not run, and what follows it.
    private string Clip()
    {
        ClipVisionConfig config = Mini ? _miniClip : new ClipVisionConfig();
        List<ParameterSpec> declared = [.. (config with { Layers = config.Layers + 1 }).Parameters(!Diffusers)];
        declared.Add(new ParameterSpec("post_norm.weight", new Shape(config.Dim)));
        declared.Add(new ParameterSpec("post_norm.bias", new Shape(config.Dim)));
        if (Diffusers)
        {
            string file = Path.Combine(request.Output, "image_encoder", "model.safetensors");
            SafetensorsWriter.Write(file, Tensors(declared, ElementType.F16, ClipVisionKeyMap.HuggingFaceName));
            return file;
        }

        string checkpoint = Path.Combine(request.Output, "models_clip_open-clip-xlm-roberta-large-vit-huge-14.pth");
        PyTorchArchiveWriter.Write(checkpoint, Tensors(declared, ElementType.F16, static key => $"visual.{key}"));
        return checkpoint;
    }

    private string Preview() => Archive("taew2_1.pth", Taehv.Declare(TaehvConfig.Wan21), ElementType.F16);

    private string Archive(string name, IReadOnlyList<ParameterSpec> declared, ElementType type)
    {
        string file = Path.Combine(request.Output, name);
        PyTorchArchiveWriter.Write(file, Tensors(declared, type, static key => key));
        return file;
    }

    private List<WritableTensor> Tensors(IReadOnlyList<ParameterSpec> declared, ElementType type, Func<string, string> name)
    {
        RandomWeights weights = new(request.Seed, type);
        return [.. declared.Select(spec => weights.Tensor(spec, name(spec.Name)))];
    }

    private void WriteConfig(Stream stream, WanConfig config)
    {
        using Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true });
        writer.WriteStartObject();
        writer.WriteString("_class_name", Diffusers ? "WanTransformer3DModel" : "WanModel");
        writer.WriteNumber("eps", config.Eps);
        writer.WriteNumber("ffn_dim", config.FfnDim);
        writer.WriteNumber("freq_dim", config.FreqDim);
        writer.WriteNumber("num_layers", config.Layers);
        writer.WriteNumber(Diffusers ? "in_channels" : "in_dim", config.InChannels);
        writer.WriteNumber(Diffusers ? "out_channels" : "out_dim", config.OutChannels);
        writer.WriteNumber(Diffusers ? "num_attention_heads" : "num_heads", config.Heads);
        writer.WriteNumber("text_dim", config.TextDim);
        if (Diffusers)
        {
            writer.WriteNumber("attention_head_dim", config.HeadDim);
            if (config.IsImageToVideo)
            {
                writer.WriteNumber("image_dim", config.ClipDim);
                writer.WriteNumber("added_kv_proj_dim", config.Dim);
            }
        }
        else
        {
            writer.WriteNumber("dim", config.Dim);
            writer.WriteString("model_type", config.IsImageToVideo ? "i2v" : "t2v");
            writer.WriteNumber("text_len", config.TextTokens);
            if (config.ClipDim != WanConfig.I2V14B.ClipDim)
            {
                writer.WriteNumber("clip_dim", config.ClipDim);
            }
        }

        writer.WriteEndObject();
    }
}
