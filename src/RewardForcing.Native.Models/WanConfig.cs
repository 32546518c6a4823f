using System.Text.Json;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Hyper-parameters of a Wan 2.1 transformer. Everything a network needs is derived from these and the size of its input.</summary>
/// <remarks>Spec: models 1.1. Read from <c>config.json</c> of the original layout or of the diffusers layout.</remarks>
public sealed record WanConfig
{
    /// <summary>The published text-to-video model of 1.3 billion parameters; also the shape of every Reward Forcing checkpoint.</summary>
    public static WanConfig T2V1_3B { get; } = new();

    /// <summary>The published text-to-video model of 14 billion parameters.</summary>
    public static WanConfig T2V14B { get; } = new() { Dim = 5120, FfnDim = 13824, Heads = 40, Layers = 40 };

    /// <summary>The published image-to-video models (480P and 720P share the shape).</summary>
    public static WanConfig I2V14B { get; } = T2V14B with { ModelType = WanModelType.ImageToVideo, InChannels = 36 };

    /// <summary>Text-to-video or image-to-video.</summary>
    public WanModelType ModelType { get; init; } = WanModelType.TextToVideo;

    /// <summary>Width of the residual stream, C.</summary>
    public int Dim { get; init; } = 1536;

    /// <summary>Width of the feed-forward layer.</summary>
    public int FfnDim { get; init; } = 8960;

    /// <summary>Attention heads, N.</summary>
    public int Heads { get; init; } = 12;

    /// <summary>Transformer blocks.</summary>
    public int Layers { get; init; } = 30;

    /// <summary>Latent channels that go in: 16 of noise and, for image-to-video, 4 of mask and 16 of the image.</summary>
    public int InChannels { get; init; } = 16;

    /// <summary>Latent channels that come out.</summary>
    public int OutChannels { get; init; } = 16;

    /// <summary>Width of the sinusoidal timestep embedding.</summary>
    public int FreqDim { get; init; } = 256;

    /// <summary>Width of the text encoder's output.</summary>
    public int TextDim { get; init; } = 4096;

    /// <summary>Rows of text every sample is padded to; the padding takes part in attention.</summary>
    public int TextTokens { get; init; } = 512;

    /// <summary>Width of the CLIP features of image-to-video models.</summary>
    public int ClipDim { get; init; } = 1280;

    /// <summary>Rows of CLIP features of image-to-video models.</summary>
    public int ClipTokens { get; init; } = 257;

    /// <summary>Added to variances and mean squares of all norms of the blocks and the head.</summary>
    public float Eps { get; init; } = 1e-6f;

    /// <summary>Whether the model takes an image.</summary>
    public bool IsImageToVideo => ModelType == WanModelType.ImageToVideo;

    /// <summary>Channels of one head, D.</summary>
    public int HeadDim => Dim / Heads;

    /// <summary>Latent pixels along each side of a patch; frames are not merged.</summary>
    public int Patch => 2;

    /// <summary>Reads <c>config.json</c> of either layout; keys it lacks keep the values of the 1.3B model, keys it has besides are ignored.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">The file is no JSON object, or a value is impossible.</exception>
    public static WanConfig FromFile(string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return FromJson(document.RootElement);
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path}: expected a JSON model config, found a syntax error at line {error.LineNumber + 1}.", error);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"{path}: {error.Message}", error);
        }
    }

    /// <summary>Reads the keys of a model config of either layout.</summary>
    /// <param name="json">The object; unknown keys are ignored.</param>
    /// <exception cref="ArgumentException">A value is impossible, or this is no object.</exception>
    public static WanConfig FromJson(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new ArgumentException($"wan config: expected a JSON object, got {json.ValueKind}.", nameof(json));
        }

        int heads = Number(json, T2V1_3B.Heads, "num_heads", "num_attention_heads");
        int dim = json.TryGetProperty("attention_head_dim", out _)
            ? checked(heads * Number(json, 0, "attention_head_dim"))
            : Number(json, T2V1_3B.Dim, "dim");
        int image = Number(json, 0, "image_dim");
        bool imageToVideo = image > 0 || (json.TryGetProperty("model_type", out JsonElement type) && type.ValueEquals("i2v"));
        WanConfig config = new()
        {
            ModelType = imageToVideo ? WanModelType.ImageToVideo : WanModelType.TextToVideo,
            Dim = dim,
            FfnDim = Number(json, T2V1_3B.FfnDim, "ffn_dim"),
            Heads = heads,
            Layers = Number(json, T2V1_3B.Layers, "num_layers"),
            InChannels = Number(json, imageToVideo ? I2V14B.InChannels : T2V1_3B.InChannels, "in_dim", "in_channels"),
            OutChannels = Number(json, T2V1_3B.OutChannels, "out_dim", "out_channels"),
            FreqDim = Number(json, T2V1_3B.FreqDim, "freq_dim"),
            TextDim = Number(json, T2V1_3B.TextDim, "text_dim"),
            TextTokens = Number(json, T2V1_3B.TextTokens, "text_len"),
            ClipDim = image > 0 ? image : Number(json, T2V1_3B.ClipDim, "clip_dim"),
            Eps = json.TryGetProperty("eps", out JsonElement eps) ? eps.GetSingle() : T2V1_3B.Eps,
        };
        config.Validate();
        return config;
    }

    /// <summary>Refuses sizes no Wan transformer can have.</summary>
    /// <exception cref="ArgumentException">One sentence that names the value.</exception>
    public void Validate()
    {
        foreach ((string name, int value) in new[]
        {
            ("dim", Dim), ("ffn_dim", FfnDim), ("num_heads", Heads), ("num_layers", Layers), ("in_dim", InChannels), ("out_dim", OutChannels),
            ("freq_dim", FreqDim), ("text_dim", TextDim), ("text_len", TextTokens), ("clip_dim", ClipDim),
        })
        {
            if (value is < 1 or > 1 << 20)
            {
                throw new ArgumentException($"wan config: {name} must be from 1 to {1 << 20}, got {value}.");
            }
        }

        if (Dim % Heads != 0 || HeadDim % 2 != 0)
        {
            throw new ArgumentException($"wan config: dim must be an even multiple of num_heads, got dim {Dim} and {Heads} heads.");
        }

        if (FreqDim % 2 != 0)
        {
            throw new ArgumentException($"wan config: freq_dim must be even, got {FreqDim}.");
        }

        if (IsImageToVideo ? InChannels <= OutChannels : InChannels != OutChannels)
        {
            throw new ArgumentException(
                $"wan config: {(IsImageToVideo ? $"an image-to-video model needs more than {OutChannels}" : $"a text-to-video model needs {OutChannels}")} input channels, got {InChannels}.");
        }
    }

    /// <summary>All parameters with their keys in the original layout and their shapes, in the order of the network.</summary>
    public IReadOnlyList<ParameterSpec> Parameters()
    {
        List<ParameterSpec> list = [];
        list.Add(new ParameterSpec("patch_embedding.weight", new Shape(Dim, InChannels, 1, Patch, Patch)));
        list.Add(new ParameterSpec("patch_embedding.bias", new Shape(Dim)));
        Linear(list, "text_embedding.0", Dim, TextDim);
        Linear(list, "text_embedding.2", Dim, Dim);
        Linear(list, "time_embedding.0", Dim, FreqDim);
        Linear(list, "time_embedding.2", Dim, Dim);
        Linear(list, "time_projection.1", 6 * Dim, Dim);
        if (IsImageToVideo)
        {
            Norm(list, "img_emb.proj.0", ClipDim);
            Linear(list, "img_emb.proj.1", ClipDim, ClipDim);
            Linear(list, "img_emb.proj.3", Dim, ClipDim);
            Norm(list, "img_emb.proj.4", Dim);
        }

        for (int layer = 0; layer < Layers; layer++)
        {
            Block(list, $"blocks.{layer}");
        }

        list.Add(new ParameterSpec("head.modulation", new Shape(1, 2, Dim)));
        Linear(list, "head.head", OutChannels * Patch * Patch, Dim);
        return list;
    }

    private static int Number(JsonElement json, int fallback, params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
        {
            if (json.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null)
            {
                return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number)
                    ? number
                    : throw new ArgumentException($"wan config: {key} must be a whole number, got {value.GetRawText()}.");
            }
        }

        return fallback;
    }

    private static void Linear(List<ParameterSpec> list, string name, int outputs, int inputs)
    {
        list.Add(new ParameterSpec($"{name}.weight", new Shape(outputs, inputs)));
        list.Add(new ParameterSpec($"{name}.bias", new Shape(outputs)));
    }

    private static void Norm(List<ParameterSpec> list, string name, int channels)
    {
        list.Add(new ParameterSpec($"{name}.weight", new Shape(channels)));
        list.Add(new ParameterSpec($"{name}.bias", new Shape(channels)));
    }

    private void Block(List<ParameterSpec> list, string block)
    {
        list.Add(new ParameterSpec($"{block}.modulation", new Shape(1, 6, Dim)));
        foreach (string attention in new[] { "self_attn", "cross_attn" })
        {
            foreach (string projection in new[] { "q", "k", "v", "o" })
            {
                Linear(list, $"{block}.{attention}.{projection}", Dim, Dim);
            }

            list.Add(new ParameterSpec($"{block}.{attention}.norm_q.weight", new Shape(Dim)));
            list.Add(new ParameterSpec($"{block}.{attention}.norm_k.weight", new Shape(Dim)));
        }

        if (IsImageToVideo)
        {
            Linear(list, $"{block}.cross_attn.k_img", Dim, Dim);
            Linear(list, $"{block}.cross_attn.v_img", Dim, Dim);
            list.Add(new ParameterSpec($"{block}.cross_attn.norm_k_img.weight", new Shape(Dim)));
        }

        Norm(list, $"{block}.norm3", Dim);
        Linear(list, $"{block}.ffn.0", FfnDim, Dim);
        Linear(list, $"{block}.ffn.2", Dim, FfnDim);
    }
}
