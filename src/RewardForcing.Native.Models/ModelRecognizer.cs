using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Models;

/// <summary>Tells from names and shapes alone what an archive holds; nothing is read.</summary>
public static class ModelRecognizer
{
    private const int PublishedHeadDim = 128;

    /// <summary>Recognises an archive.</summary>
    /// <param name="archive">Any file of tensors.</param>
    public static RecognizedModel Recognize(TensorArchive archive)
    {
        if (archive.Entries.Count == 0)
        {
            return new RecognizedModel(ModelKind.Unknown, string.Empty, "an archive without tensors");
        }

        // Reference cases carry weights under the original names too, so they are looked for first.
        return Golden(archive) ?? Lora(archive) ?? Wan(archive) ?? Other(archive)
            ?? new RecognizedModel(ModelKind.Unknown, string.Empty, $"nothing known (first tensor: {Printable.Text(archive.Entries[0].Name)})");
    }

    private static RecognizedModel? Golden(TensorArchive archive)
    {
        return archive.Metadata.TryGetValue("case", out string? name) && archive.Metadata.ContainsKey("config")
            ? new RecognizedModel(ModelKind.Golden, "original", $"the reference case {name}")
            : null;
    }

    private static RecognizedModel? Lora(TensorArchive archive)
    {
        TensorEntry? first = archive.Entries.FirstOrDefault(entry => entry.Name.Contains(".lora_A.", StringComparison.Ordinal));
        return first is null ? null
            : new RecognizedModel(ModelKind.Lora, "peft", $"a LoRA of rank {(first.Shape.Length > 0 ? first.Shape[0] : 0)} with {archive.Entries.Count} tensors");
    }

    private static RecognizedModel? Wan(TensorArchive archive)
    {
        List<string> names = [.. archive.Entries.Select(entry => entry.Name)];
        string? group = WanKeyMap.ChooseGroup(names, WeightsEntry.Auto);
        Dictionary<string, long[]> shapes = new(StringComparer.Ordinal);
        foreach (TensorEntry entry in archive.Entries)
        {
            if (WanKeyMap.Clean(entry.Name, group) is string key)
            {
                shapes.TryAdd(key, entry.Shape);
            }
        }

        bool diffusers = shapes.ContainsKey("condition_embedder.time_embedder.linear_1.weight");
        string Name(string key) => diffusers ? WanKeyMap.DiffusersName(key) : key;
        bool Matrix(string key, out long rows, out long columns)
        {
            bool found = shapes.TryGetValue(Name(key), out long[]? shape) && shape.Length == 2;
            (rows, columns) = found ? (shape![0], shape[1]) : (0, 0);
            return found;
        }

        if (!shapes.TryGetValue("patch_embedding.weight", out long[]? patch) || patch.Length != 5
            || !Matrix("blocks.0.ffn.0.weight", out long ffn, out long dim) || !Matrix("time_embedding.0.weight", out _, out long freq)
            || !Matrix("text_embedding.0.weight", out _, out long text) || !Matrix("head.head.weight", out long rows, out _))
        {
            return null;
        }

        bool image = Matrix("img_emb.proj.1.weight", out long clip, out _) || shapes.ContainsKey(Name("blocks.0.cross_attn.k_img.weight"));
        if (new[] { dim, ffn, freq, text, rows, patch[1], clip }.Any(static extent => extent > int.MaxValue))
        {
            return null;
        }

        int layers = shapes.Keys.Where(key => key.StartsWith("blocks.", StringComparison.Ordinal))
            .Select(key => key.Split('.')[1]).Where(part => int.TryParse(part, out _)).Distinct().Count();
        WanConfig config = new()
        {
            ModelType = image ? WanModelType.ImageToVideo : WanModelType.TextToVideo,
            Dim = (int)dim,
            FfnDim = (int)ffn,
            Heads = dim % PublishedHeadDim == 0 ? (int)(dim / PublishedHeadDim) : 1,
            Layers = layers,
            InChannels = (int)patch[1],
            OutChannels = (int)(rows / 4),
            FreqDim = (int)freq,
            TextDim = (int)text,
            ClipDim = clip > 0 ? (int)clip : WanConfig.I2V14B.ClipDim,
        };
        bool wrapped = group is not null || names.Any(name => WanKeyMap.Clean(name, null) != name);
        ModelKind kind = wrapped ? ModelKind.GeneratorCheckpoint : image ? ModelKind.WanImageToVideo : ModelKind.WanTextToVideo;
        string layout = (diffusers ? "diffusers" : "original") + (group is null ? string.Empty : $", {group}");
        string what = wrapped ? "a checkpoint of a Wan generator" : "a Wan transformer";
        return new RecognizedModel(
            kind, layout, $"{what} ({(image ? "image-to-video" : "text-to-video")}, {(diffusers ? "diffusers" : "original")} names{(group is null ? string.Empty : $" under {group}")}, width {dim}, feed-forward {ffn}, {layers} layers, {patch[1]} input channels)", config);
    }

    private static RecognizedModel? Other(TensorArchive archive)
    {
        HashSet<string> names = new(archive.Entries.Select(entry => entry.Name), StringComparer.Ordinal);
        bool Has(string name) => names.Contains(name);
        bool Starts(string prefix) => names.Any(name => name.StartsWith(prefix, StringComparison.Ordinal));
        int Layers(string prefix) => names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .Select(name => name[prefix.Length..].Split('.')[0]).Distinct().Count();
        if (Has("token_embedding.weight") && Has("blocks.0.attn.q.weight"))
        {
            return Encoder("original", "token_embedding.weight", Layers("blocks."));
        }

        if ((Has("shared.weight") || Has("encoder.embed_tokens.weight")) && Starts("encoder.block.0."))
        {
            return Encoder("huggingface", Has("shared.weight") ? "shared.weight" : "encoder.embed_tokens.weight", Layers("encoder.block."));
        }

        if (Has("decoder.upsamples.0.residual.0.gamma") || Has("decoder.conv_in.weight"))
        {
            string layout = Has("decoder.conv_in.weight") ? "diffusers" : "original";
            return new RecognizedModel(ModelKind.WanVae, layout, $"a Wan VAE ({layout} names, {names.Count} tensors)");
        }

        if (Has("decoder.3.conv.0.weight") && Has("decoder.22.weight"))
        {
            return new RecognizedModel(ModelKind.Taehv, "original", $"a TAEHV preview decoder ({names.Count} tensors)");
        }

        return Has("visual.transformer.0.attn.to_qkv.weight") || Starts("vision_model.encoder.layers.0.")
            ? new RecognizedModel(ModelKind.Clip, Starts("visual.") ? "original" : "huggingface", "a CLIP vision tower")
            : null;

        RecognizedModel Encoder(string layout, string table, int layers)
        {
            archive.TryGet(table, out TensorEntry? entry);
            return new RecognizedModel(
                ModelKind.UmT5, layout, $"an umT5 text encoder ({layout} names, {layers} layers, embedding [{string.Join(", ", entry?.Shape ?? [])}])");
        }
    }
}
