namespace RewardForcing.Native.Models;

/// <summary>Finds out how an archive names the weights of a Wan transformer and translates that to the original keys.</summary>
/// <remarks>Spec: models 1.3 (diffusers names), 5.8 (training checkpoints and their prefixes).</remarks>
public static class WanKeyMap
{
    // Inserted by distributed training, activation checkpointing and compilation, anywhere in a name.
    private static readonly string[] Infixes = ["_fsdp_wrapped_module.", "_checkpoint_wrapped_module.", "_orig_mod."];

    // In front of a name, in this order: by data-parallel training, by the reference's wrapper, and by tools that save a pipeline as one file.
    private static readonly string[] Prefixes = ["module.", "model.", "diffusion_model."];

    // Heads that only training's discriminator has.
    private static readonly string[] CriticOnly = ["_cls_pred_branch", "_register_tokens", "_gan_ca_blocks"];

    private static readonly (WeightsEntry Entry, string Name)[] Groups =
    [
        (WeightsEntry.GeneratorEma, "generator_ema"), (WeightsEntry.Generator, "generator"), (WeightsEntry.Model, "model"), (WeightsEntry.Critic, "critic"),
    ];

    /// <summary>Makes the map for an archive.</summary>
    /// <param name="config">The network whose keys are wanted.</param>
    /// <param name="entries">Names of all entries of the archive.</param>
    /// <param name="weights">Which set to take where a checkpoint has several.</param>
    /// <exception cref="ArgumentException"><paramref name="weights"/> names a set the archive has not.</exception>
    public static KeyMap For(WanConfig config, IEnumerable<string> entries, WeightsEntry weights = WeightsEntry.Auto)
    {
        List<string> names = [.. entries];
        string? group = ChooseGroup(names, weights);
        Dictionary<string, string> table = DiffusersTable(config);
        bool diffusers = names.Any(name => Clean(name, group) is string key && IsDiffusers(key));
        string layout = (diffusers ? "diffusers" : "original") + (group is null ? string.Empty : $", {group}");
        return new KeyMap(layout, name =>
        {
            string? key = Clean(name, group);
            return key is null || CriticOnly.Any(prefix => key.StartsWith(prefix, StringComparison.Ordinal)) ? null
                : !diffusers ? key
                : table.TryGetValue(key, out string? original) ? original
                : key.Contains(".norm_added_q.", StringComparison.Ordinal) ? null
                : key;
        });
    }

    /// <summary>The name a weight has in the diffusers layout.</summary>
    /// <param name="key">A key of the original layout, such as <c>blocks.3.norm3.weight</c>.</param>
    public static string DiffusersName(string key)
    {
        if (key.StartsWith("blocks.", StringComparison.Ordinal))
        {
            int end = key.IndexOf('.', "blocks.".Length) + 1;
            return key[..end] + BlockName(key[end..]);
        }

        foreach ((string original, string diffusers) in Outside)
        {
            if (key.StartsWith(original, StringComparison.Ordinal))
            {
                return diffusers + key[original.Length..];
            }
        }

        return key;
    }

    /// <summary>The name of an entry without the set it belongs to and without what training tools insert; null if it belongs to another set.</summary>
    internal static string? Clean(string name, string? group)
    {
        string key = name;
        if (group is not null)
        {
            if (!InGroup(name, group))
            {
                return null;
            }

            key = name[(group.Length + 1)..];
        }

        key = WithoutInfixes(key);
        foreach (string prefix in Prefixes)
        {
            key = key.StartsWith(prefix, StringComparison.Ordinal) ? key[prefix.Length..] : key;
        }

        return key;
    }

    /// <summary>A name without what distributed training, checkpointing and compilation insert.</summary>
    internal static string WithoutInfixes(string name)
    {
        foreach (string infix in Infixes)
        {
            name = name.Replace(infix, string.Empty, StringComparison.Ordinal);
        }

        return name;
    }

    /// <summary>The set to read from, or null if the archive is flat.</summary>
    /// <summary>Whether a training checkpoint holds a set of weights.</summary>
    /// <param name="names">Names of the checkpoint's tensors.</param>
    /// <param name="weights">Which set; not <see cref="WeightsEntry.Auto"/>.</param>
    public static bool Holds(IEnumerable<string> names, WeightsEntry weights)
    {
        string group = Groups.First(pair => pair.Entry == weights).Name;
        return names.Any(name => InGroup(name, group));
    }

    internal static string? ChooseGroup(IReadOnlyList<string> names, WeightsEntry weights)
    {
        foreach ((WeightsEntry entry, string group) in Groups)
        {
            bool wanted = weights == WeightsEntry.Auto ? entry != WeightsEntry.Critic : weights == entry;
            if (wanted && names.Any(name => InGroup(name, group)))
            {
                // A flat checkpoint has the prefix "model." on every key; that is no set, and Clean removes it.
                return group == "model" && !names.Any(name => InGroup(name, "model.model") || !InGroup(name, "model")) ? null : group;
            }
        }

        return weights is WeightsEntry.Auto or WeightsEntry.Model ? null
            : throw new ArgumentException($"weights: the checkpoint has no entry {Groups.First(g => g.Entry == weights).Name}; leave the choice to the loader or name another.");
    }

    private static readonly (string Original, string Diffusers)[] Outside =
    [
        ("text_embedding.0.", "condition_embedder.text_embedder.linear_1."),
        ("text_embedding.2.", "condition_embedder.text_embedder.linear_2."),
        ("time_embedding.0.", "condition_embedder.time_embedder.linear_1."),
        ("time_embedding.2.", "condition_embedder.time_embedder.linear_2."),
        ("time_projection.1.", "condition_embedder.time_proj."),
        ("img_emb.proj.0.", "condition_embedder.image_embedder.norm1."),
        ("img_emb.proj.1.", "condition_embedder.image_embedder.ff.net.0.proj."),
        ("img_emb.proj.3.", "condition_embedder.image_embedder.ff.net.2."),
        ("img_emb.proj.4.", "condition_embedder.image_embedder.norm2."),
        ("head.modulation", "scale_shift_table"),
        ("head.head.", "proj_out."),
    ];

    private static bool InGroup(string name, string group) =>
        name.Length > group.Length + 1 && name.StartsWith(group, StringComparison.Ordinal) && name[group.Length] is '.' or '/';

    private static bool IsDiffusers(string key) =>
        key.StartsWith("condition_embedder.", StringComparison.Ordinal) || key.Contains(".attn1.", StringComparison.Ordinal);

    private static Dictionary<string, string> DiffusersTable(WanConfig config)
    {
        Dictionary<string, string> table = [];
        foreach (ParameterSpec spec in config.Parameters())
        {
            table[DiffusersName(spec.Name)] = spec.Name;
        }

        return table;
    }

    private static string BlockName(string key)
    {
        string[] parts = key.Split('.');
        return parts[0] switch
        {
            "modulation" => "scale_shift_table",
            "norm3" => $"norm2.{parts[1]}",
            "ffn" => parts[1] == "0" ? $"ffn.net.0.proj.{parts[2]}" : $"ffn.net.2.{parts[2]}",
            "self_attn" => $"attn1.{AttentionName(parts[1])}.{parts[2]}",
            "cross_attn" => $"attn2.{AttentionName(parts[1])}.{parts[2]}",
            _ => key,
        };
    }

    private static string AttentionName(string part) => part switch
    {
        "q" or "k" or "v" => $"to_{part}",
        "o" => "to_out.0",
        "k_img" => "add_k_proj",
        "v_img" => "add_v_proj",
        "norm_k_img" => "norm_added_k",
        _ => part,
    };
}
