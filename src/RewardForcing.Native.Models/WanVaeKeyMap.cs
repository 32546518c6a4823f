using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Models;

/// <summary>Translates the diffusers names of a Wan VAE to the original keys.</summary>
/// <remarks>Spec: models 6.6.</remarks>
public static class WanVaeKeyMap
{
    private static readonly (string Original, string Diffusers)[] Inner =
    [
        ("residual.0.", "norm1."), ("residual.2.", "conv1."), ("residual.3.", "norm2."), ("residual.6.", "conv2."), ("shortcut.", "conv_shortcut."),
    ];

    /// <summary>Makes the map for an archive.</summary>
    /// <param name="config">The network whose keys are wanted.</param>
    /// <param name="archive">The checkpoint, in either layout.</param>
    public static KeyMap For(VaeConfig config, TensorArchive archive)
    {
        return IsDiffusers(archive)
            ? KeyMap.FromTable("diffusers", VaeLayout.Declare(config).ToDictionary(spec => DiffusersName(config, spec.Name), spec => spec.Name, StringComparer.Ordinal))
            : KeyMap.Identity;
    }

    /// <summary>The name a weight has in the diffusers layout.</summary>
    /// <param name="config">Sizes: where the levels of the decoder begin depends on them.</param>
    /// <param name="key">A key of the original layout, such as <c>decoder.upsamples.4.residual.2.weight</c>.</param>
    public static string DiffusersName(VaeConfig config, string key)
    {
        if (key.StartsWith("conv1.", StringComparison.Ordinal))
        {
            return "quant_" + key.Replace("conv1.", "conv.", StringComparison.Ordinal);
        }

        if (key.StartsWith("conv2.", StringComparison.Ordinal))
        {
            return "post_quant_" + key.Replace("conv2.", "conv.", StringComparison.Ordinal);
        }

        string[] parts = key.Split('.');
        string rest = string.Join('.', parts[2..]);
        return parts[1] switch
        {
            "conv1" => $"{parts[0]}.conv_in.{rest}",
            "head" => parts[2] == "0" ? $"{parts[0]}.norm_out.{parts[3]}" : $"{parts[0]}.conv_out.{parts[3]}",
            "middle" => $"{parts[0]}.mid_block.{Middle(parts[2])}.{InnerName(string.Join('.', parts[3..]))}",
            "downsamples" => $"{parts[0]}.down_blocks.{parts[2]}.{InnerName(string.Join('.', parts[3..]))}",
            _ => $"{parts[0]}.up_blocks.{Upsample(config, int.Parse(parts[2], System.Globalization.CultureInfo.InvariantCulture))}.{InnerName(string.Join('.', parts[3..]))}",
        };
    }

    internal static bool IsDiffusers(TensorArchive archive) =>
        archive.TryGet("decoder.conv_in.weight", out _) || archive.TryGet("encoder.conv_in.weight", out _);

    private static string Middle(string index) => index switch
    {
        "0" => "resnets.0",
        "1" => "attentions.0",
        _ => "resnets.1",
    };

    private static string Upsample(VaeConfig config, int index)
    {
        (int level, int within) = Math.DivRem(index, config.ResidualBlocks + 2);
        return within <= config.ResidualBlocks ? $"{level}.resnets.{within}" : $"{level}.upsamplers.0";
    }

    private static string InnerName(string name)
    {
        foreach ((string original, string diffusers) in Inner)
        {
            if (name.StartsWith(original, StringComparison.Ordinal))
            {
                return diffusers + name[original.Length..];
            }
        }

        return name;
    }
}
