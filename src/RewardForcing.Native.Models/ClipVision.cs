using RewardForcing.Native.Formats;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>The CLIP vision tower (ViT-H/14) up to its last block but one: what image-to-video models see of their image besides its latents.</summary>
/// <remarks>Pre-norm blocks, exact GELU. Spec: models 1.6.</remarks>
public sealed class ClipVision : IDisposable
{
    private static readonly float[] Mean = [0.48145466f, 0.4578275f, 0.40821073f];
    private static readonly float[] Deviation = [0.26862954f, 0.26130258f, 0.27577711f];

    private readonly WeightSet _weights;

    /// <summary>Builds the network on loaded weights.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="weights">All parameters of <see cref="ClipVisionConfig.Parameters"/>; owned by the network from here on.</param>
    public ClipVision(ClipVisionConfig config, WeightSet weights)
    {
        Config = config;
        _weights = weights;
    }

    /// <summary>Sizes.</summary>
    public ClipVisionConfig Config { get; }

    /// <summary>Where the weights live.</summary>
    public Device Device => _weights.Device;

    /// <summary>Reads the tower out of a checkpoint; its text half and its last block are passed over.</summary>
    /// <param name="device">Where the weights are to live.</param>
    /// <param name="config">Sizes.</param>
    /// <param name="archive"><c>models_clip_open-clip-xlm-roberta-large-vit-huge-14.pth</c>, or <c>image_encoder/model.safetensors</c> with Hugging Face's names.</param>
    /// <param name="rules">Types of the weights; null uses them as they are stored.</param>
    /// <exception cref="WeightMismatchException">A tensor is missing, left over or of another shape; the message lists all of them.</exception>
    public static ClipVision Load(Device device, ClipVisionConfig config, TensorArchive archive, WeightRules? rules = null) =>
        new(config, WeightSet.Load(device, archive, ClipVisionKeyMap.For(archive, config.UsedLayers), config.Parameters(!ClipVisionKeyMap.IsHuggingFace(archive)), rules));

    /// <summary>Computes the features of images.</summary>
    /// <param name="pass">Where to run; cancellation is looked at between blocks.</param>
    /// <param name="images">RGB in -1..1, already resized (bicubic, no antialiasing), <c>[B, 3, 224, 224]</c>, F32 or BF16.</param>
    /// <returns><c>[B, 257, 1280]</c> of the type of <paramref name="images"/>.</returns>
    /// <exception cref="ArgumentException">The images have another shape.</exception>
    public Tensor Encode(Pass pass, Tensor images)
    {
        int size = Config.ImageSize;
        if (images.Shape.Rank != 4 || images.Shape[0] < 1 || images.Shape != new Shape(images.Shape[0], 3, size, size))
        {
            throw new ArgumentException($"clip: images must be [B, 3, {size}, {size}], got {images.Shape}.", nameof(images));
        }

        using Scope scope = pass.BeginScope();
        Tensor x = Embed(pass, Cast.Forward(pass, Normalise(pass, images), images.DType));
        for (int layer = 0; layer < Config.UsedLayers; layer++)
        {
            pass.Cancellation.ThrowIfCancellationRequested();
            using Scope inner = pass.BeginScope();
            x = inner.Keep(Block(pass, x, $"transformer.{layer}"));
        }

        return scope.Keep(x);
    }

    /// <summary>Releases the weights.</summary>
    public void Dispose() => _weights.Dispose();

    private static Tensor Normalise(Pass pass, Tensor images)
    {
        float[] values = images.ToFloats();
        int plane = images.Shape[2] * images.Shape[3];
        for (int i = 0; i < values.Length; i++)
        {
            int channel = i / plane % 3;
            values[i] = ((0.5f * values[i]) + 0.5f - Mean[channel]) / Deviation[channel];
        }

        return pass.From<float>(images.Shape, values);
    }

    // A convolution whose kernel is its stride is a linear map of patches, inner order (channel, dy, dx).
    private Tensor Embed(Pass pass, Tensor images)
    {
        (int batch, int grid, int patch) = (images.Shape[0], Config.Grid, Config.PatchSize);
        Tensor cells = pass.Reshape(images, new Shape(batch, 3, grid, patch, grid, patch));
        Tensor rows = pass.Reshape(Permute.Forward(pass, cells, 0, 2, 4, 1, 3, 5), new Shape(batch, grid * grid, 3 * patch * patch));
        Tensor tokens = Linear.Forward(pass, rows, _weights["patch_embedding.weight"]);
        Tensor first = Cast.Forward(pass, pass.Reshape(_weights["cls_embedding"], new Shape(1, 1, Config.Dim)), images.DType);
        Tensor classRows = batch == 1 ? first : Concat.Forward(pass, 0, [.. Enumerable.Repeat(first, batch)]);
        Tensor positions = pass.Reshape(_weights["pos_embedding"], new Shape(Config.Tokens, Config.Dim));
        return Norm(pass, Add.Forward(pass, Concat.Forward(pass, 1, classRows, tokens), positions), "pre_norm");
    }

    private Tensor Block(Pass pass, Tensor x, string name)
    {
        (int batch, int tokens, int dim) = (x.Shape[0], x.Shape[1], Config.Dim);
        Tensor input = Norm(pass, x, $"{name}.norm1");
        Shape heads = new(batch, tokens, Config.Heads, dim / Config.Heads);
        Tensor Part(int index) => pass.Reshape(Projected(pass, input, $"{name}.attn", index), heads);
        Tensor y = Attention.Forward(pass, Part(0), Part(1), Part(2), 1f / MathF.Sqrt(heads[3]));
        x = Add.Forward(pass, x, Project(pass, pass.Reshape(y, x.Shape), $"{name}.attn.proj"));
        Tensor hidden = Project(pass, Norm(pass, x, $"{name}.norm2"), $"{name}.mlp.0", Activation.GeluErf);
        return Add.Forward(pass, x, Project(pass, hidden, $"{name}.mlp.2"));
    }

    // Queries, keys or values: a third of the rows of one packed matrix, or a matrix of their own.
    private Tensor Projected(Pass pass, Tensor x, string name, int index)
    {
        string packed = $"{name}.to_qkv";
        return _weights.Contains($"{packed}.weight")
            ? Linear.Forward(pass, x, pass.Slice(_weights[$"{packed}.weight"], index * Config.Dim, Config.Dim), pass.Slice(_weights[$"{packed}.bias"], index * Config.Dim, Config.Dim))
            : Project(pass, x, $"{name}.{"qkv"[index]}");
    }

    private Tensor Norm(Pass pass, Tensor x, string name) =>
        LayerNorm.Forward(pass, x, _weights[$"{name}.weight"], _weights[$"{name}.bias"], Config.Eps);

    private Tensor Project(Pass pass, Tensor x, string name, Activation activation = Activation.None) =>
        Linear.Forward(pass, x, _weights[$"{name}.weight"], _weights[$"{name}.bias"], activation);
}
