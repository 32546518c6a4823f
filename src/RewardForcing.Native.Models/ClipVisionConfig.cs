using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Sizes of the CLIP vision tower whose features condition image-to-video models.</summary>
/// <remarks>Spec: models 1.6. The defaults are those of ViT-H/14 as published with Wan 2.1.</remarks>
public sealed record ClipVisionConfig
{
    /// <summary>Width, C.</summary>
    public int Dim { get; init; } = 1280;

    /// <summary>Attention heads, N.</summary>
    public int Heads { get; init; } = 16;

    /// <summary>Blocks of the published tower; the last one is not run.</summary>
    public int Layers { get; init; } = 32;

    /// <summary>Width of the feed-forward layer.</summary>
    public int FfnDim { get; init; } = 5120;

    /// <summary>Height and width of the image in pixels.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Height and width of a patch in pixels.</summary>
    public int PatchSize { get; init; } = 14;

    /// <summary>Added to the variances.</summary>
    public float Eps { get; init; } = 1e-5f;

    /// <summary>Blocks that are run: all but the last.</summary>
    public int UsedLayers => Layers - 1;

    /// <summary>Patches along each side.</summary>
    public int Grid => ImageSize / PatchSize;

    /// <summary>Rows of the features: the class row, then the patches.</summary>
    public int Tokens => (Grid * Grid) + 1;

    /// <summary>Sizes of the tower in a checkpoint; what shapes do not tell, heads 80 wide and epsilon, is as in ViT-H/14.</summary>
    /// <param name="archive">A checkpoint in the original layout or in Hugging Face's.</param>
    /// <exception cref="ModelFormatException">It holds no such tower.</exception>
    public static ClipVisionConfig FromShapes(TensorArchive archive)
    {
        KeyMap map = ClipVisionKeyMap.For(archive, int.MaxValue);
        Dictionary<string, long[]> shapes = new(StringComparer.Ordinal);
        foreach (TensorEntry entry in archive.Entries)
        {
            if (map.KeyOf(entry.Name) is string key)
            {
                shapes.TryAdd(key, entry.Shape);
            }
        }

        long[] Shape(string name, params int[] ranks) => shapes.TryGetValue(name, out long[]? shape) && ranks.Contains(shape.Length) && shape.All(static extent => extent is > 0 and < 1 << 20)
            ? shape
            : throw new ModelFormatException(archive.Path, $"holds no CLIP vision tower: {name} is missing or not of rank {ranks[0]}", name);

        ClipVisionConfig published = new();
        long[] patches = Shape("patch_embedding.weight", 4);
        int grid = (int)Math.Sqrt(Shape("pos_embedding", 3, 2)[^2] - 1);
        int width = (int)patches[0], headWidth = published.Dim / published.Heads;
        return published with
        {
            Dim = width,
            Heads = Math.Max(1, width / headWidth),
            Layers = shapes.Keys.Count(static key => key.StartsWith("transformer.", StringComparison.Ordinal) && key.EndsWith(".attn.proj.weight", StringComparison.Ordinal)),
            FfnDim = (int)Shape("transformer.0.mlp.0.weight", 2)[0],
            PatchSize = (int)patches[3],
            ImageSize = grid * (int)patches[3],
        };
    }

    /// <summary>The parameters that are used, with their keys in the original layout but for the prefix <c>visual.</c>.</summary>
    /// <param name="isPacked">Whether queries, keys and values are one projection <c>attn.to_qkv</c>, as in the original layout; else they are three, and embeddings have no leading ones.</param>
    public IReadOnlyList<ParameterSpec> Parameters(bool isPacked = true)
    {
        List<ParameterSpec> list =
        [
            new("patch_embedding.weight", new Shape(Dim, 3, PatchSize, PatchSize)),
            new("cls_embedding", isPacked ? new Shape(1, 1, Dim) : new Shape(Dim)),
            new("pos_embedding", isPacked ? new Shape(1, Tokens, Dim) : new Shape(Tokens, Dim)),
        ];
        Pair(list, "pre_norm", new Shape(Dim), Dim);
        for (int layer = 0; layer < UsedLayers; layer++)
        {
            string name = $"transformer.{layer}";
            Pair(list, $"{name}.norm1", new Shape(Dim), Dim);
            Pair(list, $"{name}.norm2", new Shape(Dim), Dim);
            foreach (string part in isPacked ? new[] { "to_qkv" } : ["q", "k", "v"])
            {
                int rows = isPacked ? 3 * Dim : Dim;
                Pair(list, $"{name}.attn.{part}", new Shape(rows, Dim), rows);
            }

            Pair(list, $"{name}.attn.proj", new Shape(Dim, Dim), Dim);
            Pair(list, $"{name}.mlp.0", new Shape(FfnDim, Dim), FfnDim);
            Pair(list, $"{name}.mlp.2", new Shape(Dim, FfnDim), Dim);
        }

        return list;
    }

    private static void Pair(List<ParameterSpec> list, string name, Shape weight, int outputs)
    {
        list.Add(new ParameterSpec($"{name}.weight", weight));
        list.Add(new ParameterSpec($"{name}.bias", new Shape(outputs)));
    }
}
