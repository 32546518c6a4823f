using System.Globalization;
using RewardForcing.Native.Formats;

namespace MakeCheckpoint;

/// <summary>What the command line asks for.</summary>
internal sealed record Request(string Size, string Layout, ElementType Type, string Output, ulong Seed, IReadOnlySet<string> Parts)
{
    public const string Usage =
        "usage: MakeCheckpoint --size 1.3b|14b|i2v-14b|mini|mini-i2v --output DIR [--layout wan|diffusers|reward-forcing] [--dtype f32|bf16|f16|f8] [--seed N] [--parts dit,vae,t5,tokenizer,clip,taehv]";

    private static readonly string[] _parts = ["dit", "vae", "t5", "tokenizer", "clip", "taehv"];

    /// <exception cref="ArgumentException">One sentence that names the option.</exception>
    public static Request Parse(IReadOnlyList<string> arguments)
    {
        Dictionary<string, string> options = new() { ["--layout"] = "wan", ["--dtype"] = "bf16", ["--seed"] = "0" };
        for (int i = 0; i < arguments.Count; i += 2)
        {
            string name = arguments[i];
            if (name is not ("--size" or "--layout" or "--dtype" or "--output" or "--seed" or "--parts"))
            {
                throw new ArgumentException($"{name} is no option.");
            }

            options[name] = i + 1 < arguments.Count ? arguments[i + 1] : throw new ArgumentException($"{name} needs a value.");
        }

        string size = OneOf("--size", options.GetValueOrDefault("--size", string.Empty), "1.3b", "14b", "i2v-14b", "mini", "mini-i2v");

        // A miniature is a whole model folder; of the large ones the transformer alone is asked for most.
        string[] parts = options.GetValueOrDefault("--parts", size switch { "mini" => "dit,vae,t5,tokenizer", "mini-i2v" => "dit,vae,t5,tokenizer,clip", _ => "dit" }).Split(',');
        foreach (string part in parts)
        {
            OneOf("--parts", part, _parts);
        }

        ElementType type = OneOf("--dtype", options["--dtype"], "f32", "bf16", "f16", "f8") switch
        {
            "f32" => ElementType.F32,
            "bf16" => ElementType.BF16,
            "f16" => ElementType.F16,
            _ => ElementType.F8E4M3,
        };
        string layout = OneOf("--layout", options["--layout"], "wan", "diffusers", "reward-forcing");
        if (parts.Contains("tokenizer") && !size.StartsWith("mini", StringComparison.Ordinal))
        {
            throw new ArgumentException("--parts tokenizer is for --size mini and mini-i2v; the published tokenizer of umT5-XXL has 256,000 pieces and is not made here.");
        }

        if (parts.Contains("clip") && !size.Contains("i2v", StringComparison.Ordinal))
        {
            throw new ArgumentException("--parts clip is for --size i2v-14b and mini-i2v; only image-to-video models have a vision tower.");
        }

        if (layout == "reward-forcing" && size.Contains("i2v", StringComparison.Ordinal))
        {
            throw new ArgumentException("--layout reward-forcing is for text-to-video sizes; there is no such image-to-video checkpoint.");
        }

        if (layout == "reward-forcing" && type == ElementType.F8E4M3)
        {
            throw new ArgumentException("--dtype f8 is written as safetensors only; the layout reward-forcing is a .pt file.");
        }

        return new Request(
            size,
            layout,
            type,
            options.TryGetValue("--output", out string? output) ? output : throw new ArgumentException("--output DIR is missing."),
            ulong.TryParse(options["--seed"], NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed)
                ? seed : throw new ArgumentException($"--seed: expected a whole number from 0 on, got '{options["--seed"]}'."),
            new HashSet<string>(parts, StringComparer.Ordinal));
    }

    private static string OneOf(string option, string value, params ReadOnlySpan<string> allowed) =>
        allowed.Contains(value) ? value : throw new ArgumentException($"{option}: expected one of {string.Join(", ", allowed!)}, got '{value}'.");
}
