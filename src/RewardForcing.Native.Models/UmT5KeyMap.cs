using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Models;

/// <summary>Translates the names Hugging Face gives the weights of an umT5 encoder to the keys of Wan's own file.</summary>
/// <remarks>Spec: models 7.1.</remarks>
public static class UmT5KeyMap
{
    private static readonly (string Original, string HuggingFace)[] Inner =
    [
        ("norm1.weight", "layer.0.layer_norm.weight"),
        ("attn.q.weight", "layer.0.SelfAttention.q.weight"),
        ("attn.k.weight", "layer.0.SelfAttention.k.weight"),
        ("attn.v.weight", "layer.0.SelfAttention.v.weight"),
        ("attn.o.weight", "layer.0.SelfAttention.o.weight"),
        ("pos_embedding.embedding.weight", "layer.0.SelfAttention.relative_attention_bias.weight"),
        ("norm2.weight", "layer.1.layer_norm.weight"),
        ("ffn.gate.0.weight", "layer.1.DenseReluDense.wi_0.weight"),
        ("ffn.fc1.weight", "layer.1.DenseReluDense.wi_1.weight"),
        ("ffn.fc2.weight", "layer.1.DenseReluDense.wo.weight"),
    ];

    /// <summary>Makes the map for an archive.</summary>
    /// <param name="archive">The checkpoint, in either layout.</param>
    public static KeyMap For(TensorArchive archive)
    {
        bool shared = archive.TryGet("shared.weight", out _);
        bool huggingFace = shared || archive.Entries.Any(static entry => entry.Name.StartsWith("encoder.block.", StringComparison.Ordinal));
        return huggingFace ? new KeyMap("huggingface", name => Original(name, shared)) : KeyMap.Identity;
    }

    /// <summary>The name a weight has in the Hugging Face layout.</summary>
    /// <param name="key">A key of the original layout, such as <c>blocks.3.ffn.gate.0.weight</c>.</param>
    public static string HuggingFaceName(string key)
    {
        if (key.StartsWith("blocks.", StringComparison.Ordinal))
        {
            int end = key.IndexOf('.', "blocks.".Length);
            foreach ((string original, string huggingFace) in Inner)
            {
                if (key.AsSpan(end + 1).SequenceEqual(original))
                {
                    return $"encoder.block.{key["blocks.".Length..end]}.{huggingFace}";
                }
            }
        }

        return key switch
        {
            "token_embedding.weight" => "shared.weight",
            "norm.weight" => "encoder.final_layer_norm.weight",
            _ => key,
        };
    }

    private static string? Original(string name, bool shared)
    {
        const string Block = "encoder.block.";
        if (name.StartsWith(Block, StringComparison.Ordinal) && name.IndexOf('.', Block.Length) is int end and > 0)
        {
            foreach ((string original, string huggingFace) in Inner)
            {
                if (name.AsSpan(end + 1).SequenceEqual(huggingFace))
                {
                    return $"blocks.{name[Block.Length..end]}.{original}";
                }
            }
        }

        return name switch
        {
            "shared.weight" => "token_embedding.weight",
            "encoder.embed_tokens.weight" => shared ? null : "token_embedding.weight",
            "encoder.final_layer_norm.weight" => "norm.weight",
            _ => name,
        };
    }
}
