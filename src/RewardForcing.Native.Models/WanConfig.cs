using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Hyper-parameters of a Wan 2.1 transformer. Everything a network needs is derived from these and the size of its input.</summary>
/// <remarks>Spec: models 1.1. Read from <c>config.json</c> of the original layout or of the diffusers layout.</remarks>
public sealed record WanConfig
{
    private const int MostWidth = 1 << 17;
    private const int MostLayers = 1024;

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
    /// <exception cref="ModelFormatException">The file is no JSON object, or a value is impossible; the message names file and key.</exception>
    public static WanConfig FromFile(string path) => FromJson(JsonPart.ReadFile(path));

    /// <summary>Reads the keys of a model config of either layout.</summary>
    /// <param name="json">The object; unknown keys are ignored.</param>
    /// <exception cref="ModelFormatException">A value is impossible; the message names file and key.</exception>
    public static WanConfig FromJson(JsonPart json)
    {
        int heads = Number(json, T2V1_3B.Heads, MostLayers, "num_heads", "num_attention_heads");
        int dim = json.TryGet("attention_head_dim", out JsonPart headDim)
            ? heads * headDim.Whole(2, MostWidth / heads)
            : Number(json, T2V1_3B.Dim, MostWidth, "dim");
        int image = json.TryGet("image_dim", out JsonPart imageDim) ? imageDim.Whole(0, MostWidth) : 0;
        string type = json.TextOrNull("model_type") ?? (image > 0 ? "i2v" : "t2v");
        if (type is not ("t2v" or "i2v"))
        {
            throw json["model_type"].Wrong("t2v or i2v");
        }

        bool imageToVideo = image > 0 || type == "i2v";
        WanConfig config = new()
        {
            ModelType = imageToVideo ? WanModelType.ImageToVideo : WanModelType.TextToVideo,
            Dim = dim,
            FfnDim = Number(json, T2V1_3B.FfnDim, MostWidth, "ffn_dim"),
            Heads = heads,
            Layers = Number(json, T2V1_3B.Layers, MostLayers, "num_layers"),
            InChannels = Number(json, imageToVideo ? I2V14B.InChannels : T2V1_3B.InChannels, MostWidth, "in_dim", "in_channels"),
            OutChannels = Number(json, T2V1_3B.OutChannels, MostWidth, "out_dim", "out_channels"),
            FreqDim = Number(json, T2V1_3B.FreqDim, MostWidth, "freq_dim"),
            TextDim = Number(json, T2V1_3B.TextDim, MostWidth, "text_dim"),
            TextTokens = Number(json, T2V1_3B.TextTokens, MostWidth, "text_len"),
            ClipDim = image > 0 ? image : Number(json, T2V1_3B.ClipDim, MostWidth, "clip_dim"),
            Eps = json.TryGet("eps", out JsonPart eps) ? (float)eps.Number() : T2V1_3B.Eps,
        };
        try
        {
            config.Validate();
        }
        catch (ArgumentException error)
        {
            throw json.Error(error.Message.TrimEnd('.'));
        }

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
            int most = name is "num_layers" or "num_heads" ? MostLayers : MostWidth;
            if (value < 1 || value > most)
            {
                throw new ArgumentException($"wan config: {name} must be from 1 to {most}, got {value}.");
            }
        }

        if (Dim % Heads != 0 || HeadDim % 2 != 0)
        {
            throw new ArgumentException($"wan config: dim must be an even multiple of num_heads, got dim {Dim} and {Heads} heads.");
        }

        if (!(Eps >= 0 && float.IsFinite(Eps)))
        {
            throw new ArgumentException($"wan config: eps must be a finite number from 0, got {Eps}.");
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

    private static int Number(JsonPart json, int fallback, int most, params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
        {
            if (json.TryGet(key, out JsonPart value))
            {
                return value.Whole(1, most);
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
