using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>What the weights of a network take on a device that has memory of its own; only a file's table of contents is read.</summary>
/// <param name="Total">Bytes of all of them.</param>
/// <param name="Largest">Bytes of the largest one: a convolution takes as much again while it runs.</param>
/// <param name="Widened">Bytes of the largest 8-bit one as BF16, which it is multiplied as; 0 where there is none.</param>
public readonly record struct WeightMemory(long Total, long Largest, long Widened)
{
    /// <summary>The weights of a transformer.</summary>
    /// <param name="archive">The checkpoint.</param>
    /// <param name="config">Sizes.</param>
    /// <param name="options">How it is loaded.</param>
    public static WeightMemory Transformer(TensorArchive archive, WanConfig config, WanLoadOptions options)
    {
        KeyMap map = WanKeyMap.For(config, archive.Entries.Select(static entry => entry.Name), options.Entry);
        return Of(archive, map, config.Parameters(), options.Weights, options.Weights.StreamsBlocks ? BlockStack<WanBlock>.TakesMemory : null);
    }

    /// <summary>The weights of a text encoder.</summary>
    /// <param name="archive">The checkpoint.</param>
    /// <param name="rules">How it is loaded.</param>
    public static WeightMemory Text(TensorArchive archive, WeightRules rules) => Of(
        archive, UmT5KeyMap.For(archive), UmT5Encoder.Declare(UmT5Config.FromShapes(archive)), rules,
        rules.StreamsBlocks ? static name => name != UmT5Encoder.Table && BlockStack<UmT5Block>.TakesMemory(name) : null);

    /// <summary>The weights of a vision tower.</summary>
    /// <param name="archive">The checkpoint.</param>
    /// <param name="rules">How it is loaded.</param>
    public static WeightMemory Vision(TensorArchive archive, WeightRules rules)
    {
        ClipVisionConfig config = ClipVisionConfig.FromShapes(archive);
        return Of(archive, ClipVisionKeyMap.For(archive, config.UsedLayers), config.Parameters(!ClipVisionKeyMap.IsHuggingFace(archive)), rules);
    }

    /// <summary>The weights of a video autoencoder.</summary>
    /// <param name="archive">The checkpoint.</param>
    /// <param name="rules">How it is loaded.</param>
    public static WeightMemory Vae(TensorArchive archive, WeightRules rules)
    {
        VaeConfig config = VaeConfig.FromShapes(archive);
        return Of(archive, WanVaeKeyMap.For(config, archive), WanVae.Declare(config), rules);
    }

    /// <summary>The weights of a preview decoder.</summary>
    /// <param name="archive">The checkpoint.</param>
    /// <param name="rules">How it is loaded.</param>
    public static WeightMemory Preview(TensorArchive archive, WeightRules rules) =>
        Of(archive, KeyMap.Identity, Taehv.Declare(TaehvConfig.FromShapes(archive)), rules);

    private static WeightMemory Of(TensorArchive archive, KeyMap map, IReadOnlyList<ParameterSpec> declared, WeightRules rules, Func<string, bool>? counts = null)
    {
        Dictionary<string, TensorEntry> entries = WeightMatch.Bind(archive, map, declared);
        (long total, long largest, long widened) = (0, 0, 0);
        foreach (ParameterSpec spec in declared.Where(spec => entries.ContainsKey(spec.Name)))
        {
            DType type = rules.TypeOf(entries[spec.Name].Type);
            long bytes = new TensorSizes(type).Of(spec.Shape.Count);
            total += counts?.Invoke(spec.Name) != false ? bytes : 0;
            largest = Math.Max(largest, bytes);
            widened = type == DType.F8E4M3 ? Math.Max(widened, new TensorSizes(DType.BF16).Of(spec.Shape.Count)) : widened;
        }

        return new WeightMemory(total, largest, widened);
    }
}
