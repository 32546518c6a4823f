using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Models;

/// <summary>Translates the names of a CLIP vision tower's file to the keys of <see cref="ClipVisionConfig.Parameters"/>, and passes over what is not run.</summary>
/// <remarks>
/// The original file has the prefix <c>visual.</c>, packs queries, keys and values into one projection and holds a text half. Hugging Face's
/// has <c>vision_model.</c> and three projections. Neither's last block and what follows it is used. Spec: models 1.6.
/// </remarks>
public static class ClipVisionKeyMap
{
    private const string Original = "visual.";
    private const string HuggingFace = "vision_model.";
    private const string Layers = "encoder.layers.";

    private static readonly (string HuggingFace, string Key)[] Inner =
    [
        ("layer_norm1.", "norm1."), ("layer_norm2.", "norm2."), ("self_attn.q_proj.", "attn.q."), ("self_attn.k_proj.", "attn.k."), ("self_attn.v_proj.", "attn.v."),
        ("self_attn.out_proj.", "attn.proj."), ("mlp.fc1.", "mlp.0."), ("mlp.fc2.", "mlp.2."),
    ];

    private static readonly (string HuggingFace, string Key)[] Outer =
    [
        ("embeddings.class_embedding", "cls_embedding"), ("embeddings.patch_embedding.weight", "patch_embedding.weight"), ("embeddings.position_embedding.weight", "pos_embedding"),
        ("pre_layrnorm.weight", "pre_norm.weight"), ("pre_layrnorm.bias", "pre_norm.bias"), ("post_layernorm.weight", "post_norm.weight"), ("post_layernorm.bias", "post_norm.bias"),
    ];

    /// <summary>Whether an archive has Hugging Face's names.</summary>
    /// <param name="archive">A checkpoint of a vision tower.</param>
    public static bool IsHuggingFace(TensorArchive archive) => archive.TryGet(HuggingFace + "embeddings.patch_embedding.weight", out _);

    /// <summary>Makes the map for an archive.</summary>
    /// <param name="archive">The checkpoint, in either layout.</param>
    /// <param name="usedLayers">Blocks that are run; later ones are passed over.</param>
    public static KeyMap For(TensorArchive archive, int usedLayers)
    {
        string[] unused = ["post_norm.", "head", $"transformer.{usedLayers}."];
        bool isHuggingFace = IsHuggingFace(archive);
        return new KeyMap(isHuggingFace ? "huggingface" : "original", name =>
        {
            string? key = isHuggingFace ? KeyOf(name) : name.StartsWith(Original, StringComparison.Ordinal) ? name[Original.Length..] : null;
            return key is not null && unused.Any(prefix => key.StartsWith(prefix, StringComparison.Ordinal)) ? null : key;
        });
    }

    /// <summary>The name a parameter has in Hugging Face's layout.</summary>
    /// <param name="key">A key of <see cref="ClipVisionConfig.Parameters"/> with three projections, such as <c>transformer.3.attn.q.weight</c>.</param>
    public static string HuggingFaceName(string key)
    {
        const string Block = "transformer.";
        if (key.StartsWith(Block, StringComparison.Ordinal) && key.IndexOf('.', Block.Length) is int end and > 0)
        {
            string inner = key[(end + 1)..];
            (string to, string from) = Inner.First(pair => inner.StartsWith(pair.Key, StringComparison.Ordinal));
            return $"{HuggingFace}{Layers}{key[Block.Length..end]}.{to}{inner[from.Length..]}";
        }

        return HuggingFace + Outer.First(pair => pair.Key == key).HuggingFace;
    }

    private static string? KeyOf(string name)
    {
        if (!name.StartsWith(HuggingFace, StringComparison.Ordinal))
        {
            return null;
        }

        string rest = name[HuggingFace.Length..];
        if (rest.StartsWith(Layers, StringComparison.Ordinal) && rest.IndexOf('.', Layers.Length) is int end and > 0)
        {
            string inner = rest[(end + 1)..];
            (string from, string to) = Inner.FirstOrDefault(pair => inner.StartsWith(pair.HuggingFace, StringComparison.Ordinal));
            return $"transformer.{rest[Layers.Length..end]}.{(from is null ? inner : to + inner[from.Length..])}";
        }

        // A buffer of numbers from 0 on.
        if (rest == "embeddings.position_ids")
        {
            return null;
        }

        return Outer.FirstOrDefault(pair => pair.HuggingFace == rest).Key ?? rest;
    }
}
