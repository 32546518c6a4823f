using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Models;

/// <summary>Sizes of an umT5 encoder; all of them follow from the shapes of a checkpoint.</summary>
/// <remarks>Spec: models 7.1.</remarks>
public sealed record UmT5Config
{
    /// <summary>The text encoder of Wan 2.1.</summary>
    public static UmT5Config Xxl { get; } = new();

    /// <summary>Rows of the embedding table.</summary>
    public int Vocabulary { get; init; } = 256384;

    /// <summary>Width of the residual stream.</summary>
    public int Dim { get; init; } = 4096;

    /// <summary>Width of all attention heads together.</summary>
    public int AttentionDim { get; init; } = 4096;

    /// <summary>Width inside the feed-forward.</summary>
    public int FfnDim { get; init; } = 10240;

    /// <summary>Attention heads.</summary>
    public int Heads { get; init; } = 64;

    /// <summary>Layers.</summary>
    public int Layers { get; init; } = 24;

    /// <summary>Rows of each layer's table of relative positions.</summary>
    public int Buckets { get; init; } = 32;

    /// <summary>Distance from which on all positions share a bucket.</summary>
    public int MaxDistance { get; init; } = 128;

    /// <summary>Added to the mean square by the norms.</summary>
    public float Eps { get; init; } = 1e-6f;

    /// <summary>Derives the sizes from the shapes of a checkpoint in either layout; <see cref="Xxl"/> for another file, whose loading then lists what is missing.</summary>
    /// <param name="archive">The checkpoint.</param>
    public static UmT5Config FromShapes(TensorArchive archive)
    {
        KeyMap map = UmT5KeyMap.For(archive);
        Dictionary<string, long[]> shapes = new(StringComparer.Ordinal);
        foreach (TensorEntry entry in archive.Entries)
        {
            if (map.KeyOf(entry.Name) is string key)
            {
                shapes.TryAdd(key, entry.Shape);
            }
        }

        int layers = 0;
        while (shapes.ContainsKey($"blocks.{layers}.attn.q.weight"))
        {
            layers++;
        }

        return !Matrix(shapes, "token_embedding.weight", out int vocabulary, out int dim)
            || !Matrix(shapes, "blocks.0.attn.q.weight", out int attention, out _)
            || !Matrix(shapes, "blocks.0.ffn.fc1.weight", out int ffn, out _)
            || !Matrix(shapes, "blocks.0.pos_embedding.embedding.weight", out int buckets, out int heads)
            ? Xxl
            : Xxl with { Vocabulary = vocabulary, Dim = dim, AttentionDim = attention, FfnDim = ffn, Heads = heads, Layers = layers, Buckets = buckets };
    }

    /// <summary>Refuses sizes no network can have.</summary>
    /// <exception cref="ArgumentException">A size is out of range.</exception>
    public void Validate()
    {
        if (Math.Min(Math.Min(Vocabulary, Dim), Math.Min(FfnDim, Layers)) < 1 || Heads < 1 || AttentionDim < 1 || AttentionDim % Heads != 0)
        {
            throw new ArgumentException($"umt5: sizes must be positive and the attention width divisible by the heads, got width {Dim}, attention {AttentionDim}, {Heads} heads, {Layers} layers.");
        }

        if (Buckets < 4 || Buckets % 4 != 0 || MaxDistance <= Buckets / 4)
        {
            throw new ArgumentException($"umt5: the number of buckets must be a positive multiple of 4 below 4 times the largest distance, got {Buckets} and {MaxDistance}.");
        }
    }

    private static bool Matrix(Dictionary<string, long[]> shapes, string key, out int rows, out int columns)
    {
        bool found = shapes.TryGetValue(key, out long[]? shape) && shape.Length == 2 && shape.All(static extent => extent is > 0 and <= int.MaxValue);
        (rows, columns) = found ? ((int)shape![0], (int)shape[1]) : (0, 0);
        return found;
    }
}
