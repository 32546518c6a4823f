using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>A folder of published files, in the original Wan layout or in the diffusers layout. Files are looked for when they are needed and nothing is loaded before.</summary>
/// <remarks>
/// Memory is smallest in this order: encode the prompts (the text encoder is released again), then load the transformer and the decoder.
/// Spec: models 1.2, 5.8 and 5.9.
/// </remarks>
public sealed class ModelFolder
{
    private const string PublishedName = "Wan2.1-T2V-1.3B";
    private const string IndexSuffix = ".index.json";
    private const string Weights = "diffusion_pytorch_model.safetensors";

    private ModelFolder(string path) => Path = path;

    /// <summary>The folder the files lie in.</summary>
    public string Path { get; }

    /// <summary>Opens a folder; a parent of <c>Wan2.1-T2V-1.3B</c>, as the reference's configurations name it, is understood too.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static ModelFolder Open(string path)
    {
        if (!Directory.Exists(path))
        {
            throw new DirectoryNotFoundException($"{path}: there is no such folder; expected the folder of a Wan 2.1 model, such as {PublishedName}.");
        }

        ModelFolder folder = new(path);
        string below = System.IO.Path.Combine(path, PublishedName);
        return folder.TryFind(ModelPart.TransformerConfig) is null && Directory.Exists(below) ? new ModelFolder(below) : folder;
    }

    /// <summary>Looks for a part.</summary>
    /// <param name="part">Which.</param>
    /// <returns>The file, or for the tokenizer the folder; null if it is not there.</returns>
    public string? TryFind(ModelPart part)
    {
        foreach (string candidate in Candidates(part))
        {
            string path = System.IO.Path.Combine(Path, candidate.Replace('/', System.IO.Path.DirectorySeparatorChar));
            if (part == ModelPart.Tokenizer
                ? File.Exists(System.IO.Path.Combine(path, "tokenizer.json")) || File.Exists(System.IO.Path.Combine(path, "spiece.model"))
                : File.Exists(path))
            {
                return path;
            }
        }

        return part == ModelPart.Transformer ? OnlyVariant() : null;
    }

    /// <summary>Finds a part.</summary>
    /// <param name="part">Which.</param>
    /// <exception cref="FileNotFoundException">It is not there; the message says what it is and where it was looked for.</exception>
    public string Find(ModelPart part) => TryFind(part) ?? throw new FileNotFoundException(
        $"{Path}: {Describe(part)} is missing; looked for {string.Join(", ", Candidates(part))}.", System.IO.Path.Combine(Path, Candidates(part)[0]));

    /// <summary>Sizes of the transformer: from the config file, or from the shapes in <paramref name="checkpoint"/> if the folder has none.</summary>
    /// <param name="checkpoint">A checkpoint that replaces the folder's transformer; may be null.</param>
    /// <exception cref="FileNotFoundException">There is neither.</exception>
    public WanConfig Config(string? checkpoint = null)
    {
        if (checkpoint is null || TryFind(ModelPart.TransformerConfig) is not null)
        {
            return WanConfig.FromFile(Find(ModelPart.TransformerConfig));
        }

        using TensorArchive archive = TensorArchive.Open(checkpoint);
        return ModelRecognizer.Recognize(archive).Wan
            ?? throw new FileNotFoundException($"{Path}: {Describe(ModelPart.TransformerConfig)} is missing and {checkpoint} does not look like a Wan transformer; looked for {string.Join(", ", Candidates(ModelPart.TransformerConfig))}.");
    }

    /// <summary>Loads the transformer.</summary>
    /// <param name="device">Where it is to live.</param>
    /// <param name="checkpoint">A <c>.pt</c> or <c>.safetensors</c> file whose weights replace the folder's; may be null.</param>
    /// <param name="options">Which set of weights of the checkpoint, which type, a LoRA; null takes the running average if the checkpoint has one.</param>
    /// <param name="config">Sizes; null takes <see cref="Config"/>.</param>
    /// <param name="cancellation">Stops between two tensors.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="ModelFormatException">A file is damaged, or the config speaks of another number of layers than the weights.</exception>
    /// <exception cref="WeightMismatchException">The weights are not those of such a transformer.</exception>
    public WanTransformer LoadTransformer(Device device, string? checkpoint = null, WanLoadOptions? options = null, WanConfig? config = null, CancellationToken cancellation = default)
    {
        if (checkpoint is not null && !File.Exists(checkpoint) && !Directory.Exists(checkpoint))
        {
            throw new FileNotFoundException($"{checkpoint}: there is no such checkpoint.", checkpoint);
        }

        string? file = config is null ? TryFind(ModelPart.TransformerConfig) : null;
        config ??= Config(checkpoint);
        using TensorArchive archive = TensorArchive.Open(checkpoint ?? Find(ModelPart.Transformer));
        if (file is not null && ModelRecognizer.Recognize(archive).Wan is { } found && found.Layers != config.Layers)
        {
            throw new ModelFormatException(file, $"num_layers is {config.Layers}, but {archive.Path} holds {found.Layers}; these files do not belong together", "num_layers");
        }

        return WanTransformer.Load(device, config, archive, options, cancellation);
    }

    /// <summary>Loads the video autoencoder.</summary>
    /// <param name="device">Where it is to live.</param>
    /// <param name="options">Types and arithmetic; null for the defaults.</param>
    /// <param name="cancellation">Stops between two tensors.</param>
    /// <exception cref="FileNotFoundException">The file is missing.</exception>
    public WanVae LoadVae(Device device, VaeOptions? options = null, CancellationToken cancellation = default)
    {
        using TensorArchive archive = TensorArchive.Open(Find(ModelPart.Vae));
        return WanVae.Load(device, archive, null, options, cancellation);
    }

    /// <summary>Cleans prompts, cuts them into tokens, and encodes them; the text encoder is released again.</summary>
    /// <param name="device">Where it is to run.</param>
    /// <param name="prompts">Any texts; an empty one is encoded as the lone <c>&lt;/s&gt;</c>.</param>
    /// <param name="type">Type of the activations: F32 or BF16.</param>
    /// <param name="maxTokens">Tokens the transformer takes; longer texts are cut off there.</param>
    /// <param name="weights">Types and places of the text encoder's weights; null uses them as they are stored.</param>
    /// <param name="cancellation">Stops between two tensors or layers.</param>
    /// <exception cref="FileNotFoundException">The tokenizer or the text encoder is missing.</exception>
    /// <exception cref="ModelFormatException">A file is damaged, or the tokenizer is none of umT5: it closes no text.</exception>
    public PromptEmbedding[] EncodePrompts(
        Device device,
        IReadOnlyList<string> prompts,
        DType type = DType.F32,
        int maxTokens = UnigramTokenizer.DefaultLength,
        WeightRules? weights = null,
        CancellationToken cancellation = default)
    {
        UnigramTokenizer tokenizer = UnigramTokenizer.Open(Find(ModelPart.Tokenizer));
        if (tokenizer.EndOfText is null)
        {
            throw new ModelFormatException(tokenizer.Path, "has no piece </s> that closes a text, so it is not the tokenizer of a Wan text encoder");
        }

        return EncodeTexts(device, [.. prompts.Select(prompt => tokenizer.Encode(TextCleaning.Clean(prompt), maxTokens))], type, weights, cancellation);
    }

    /// <summary>Loads the text encoder, encodes texts and releases it.</summary>
    /// <param name="device">Where it is to run.</param>
    /// <param name="texts">Token numbers of each text, the closing <c>&lt;/s&gt;</c> included.</param>
    /// <param name="type">Type of the activations: F32 or BF16.</param>
    /// <param name="weights">Types and places of the text encoder's weights; null uses them as they are stored.</param>
    /// <param name="cancellation">Stops between two tensors or layers.</param>
    /// <exception cref="FileNotFoundException">The file is missing.</exception>
    public PromptEmbedding[] EncodeTexts(
        Device device, IReadOnlyList<int[]> texts, DType type = DType.F32, WeightRules? weights = null, CancellationToken cancellation = default)
    {
        using TensorArchive archive = TensorArchive.Open(Find(ModelPart.TextEncoder));
        using UmT5Encoder encoder = UmT5Encoder.Load(device, archive, rules: weights, cancellation: cancellation);
        return TextEncoding.Encode(encoder, texts, type, cancellation);
    }

    // Re-uploads name a single file after its type: diffusion_pytorch_model.bf16.safetensors.
    private string? OnlyVariant()
    {
        foreach (string folder in new[] { Path, System.IO.Path.Combine(Path, "transformer") })
        {
            string[] files = Directory.Exists(folder) ? Directory.GetFiles(folder, "diffusion_pytorch_model*.safetensors") : [];
            if (files.Length == 1)
            {
                return files[0];
            }
        }

        return null;
    }

    private static string Describe(ModelPart part) => part switch
    {
        ModelPart.TransformerConfig => "the transformer's config",
        ModelPart.Transformer => "the transformer",
        ModelPart.Vae => "the video autoencoder (VAE)",
        ModelPart.TextEncoder => "the text encoder (umT5)",
        ModelPart.Tokenizer => "the text encoder's tokenizer (a folder with tokenizer.json or spiece.model)",
        _ => "the CLIP vision tower of image-to-video models",
    };

    // In the order of preference; an index stands for its shards.
    private static string[] Candidates(ModelPart part) => part switch
    {
        ModelPart.TransformerConfig => ["config.json", "transformer/config.json"],
        ModelPart.Transformer => [Weights + IndexSuffix, Weights, $"transformer/{Weights}{IndexSuffix}", $"transformer/{Weights}"],
        ModelPart.Vae => ["Wan2.1_VAE.pth", "Wan2.1_VAE.safetensors", $"vae/{Weights}", $"vae/{Weights}{IndexSuffix}"],
        ModelPart.TextEncoder =>
        [
            "models_t5_umt5-xxl-enc-bf16.pth", "models_t5_umt5-xxl-enc-bf16.safetensors",
            $"text_encoder/model.safetensors{IndexSuffix}", "text_encoder/model.safetensors",
        ],
        ModelPart.Tokenizer => ["google/umt5-xxl", "tokenizer"],
        _ => ["models_clip_open-clip-xlm-roberta-large-vit-huge-14.pth", $"image_encoder/model.safetensors{IndexSuffix}", "image_encoder/model.safetensors"],
    };
}
