using RewardForcing.Native.Formats;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>A low-rank change of some weights: <c>W' = W + scale · B · A</c>, added in float before any rounding.</summary>
/// <remarks>Keys as PEFT writes them, <c>base_model.model.blocks.0.self_attn.q.lora_A.weight</c>. Spec: models, section 3.</remarks>
public sealed class LoraAdapter
{
    private const string Group = "generator_lora.";
    private static readonly string[] Prefixes = ["base_model.model.", "model.", "diffusion_model."];

    private readonly TensorArchive _archive;
    private readonly Dictionary<string, (TensorEntry A, TensorEntry B)> _pairs = new(StringComparer.Ordinal);
    private readonly float? _alpha;

    /// <summary>Reads which weights an archive changes.</summary>
    /// <param name="archive">The adapter's file; has to stay open while weights are loaded.</param>
    /// <param name="alpha">The scale is alpha / rank; null takes 1, as for adapters whose alpha is their rank.</param>
    /// <exception cref="ModelFormatException">A tensor is no half of a pair, or a pair does not fit together.</exception>
    public LoraAdapter(TensorArchive archive, float? alpha = null)
    {
        _archive = archive;
        _alpha = alpha;
        // A training checkpoint holds the adapter of the critic, too.
        bool isGrouped = archive.Entries.Any(static entry => entry.Name.StartsWith(Group, StringComparison.Ordinal));
        foreach (TensorEntry a in archive.Entries.Where(entry => !isGrouped || entry.Name.StartsWith(Group, StringComparison.Ordinal)))
        {
            if (Target(a.Name, ".lora_A.") is string key)
            {
                string partner = a.Name.Replace(".lora_A.", ".lora_B.", StringComparison.Ordinal);
                if (!archive.TryGet(partner, out TensorEntry? b) || a.Shape.Length != 2 || b.Shape.Length != 2 || b.Shape[1] != a.Shape[0] || a.Shape[0] == 0)
                {
                    string found = b is null ? "it is not there" : $"it is {Printable.Extents(b.Shape)}";
                    throw Refuse(archive, a, $"tensor {Printable.Text(a.Name)} {Printable.Extents(a.Shape)} needs a matrix {Printable.Text(partner)} of the same rank from 1 on, but {found}");
                }

                if (!_pairs.TryAdd(key, (a, b)))
                {
                    throw Refuse(archive, a, $"changes {Printable.Text(key)} twice, by {Printable.Text(_pairs[key].A.Name)} and by {Printable.Text(a.Name)}");
                }
            }
            else if (Target(a.Name, ".lora_B.") is null)
            {
                throw Refuse(archive, a, $"tensor {Printable.Text(a.Name)} is no part of a LoRA, expected names that end in .lora_A.weight and .lora_B.weight");
            }
        }
    }

    /// <summary>The file.</summary>
    public string Path => _archive.Path;

    /// <summary>Keys of the weights that are changed.</summary>
    public IReadOnlyCollection<string> Keys => _pairs.Keys;

    /// <summary>Whether a weight is changed.</summary>
    public bool Changes(string key) => _pairs.ContainsKey(key);

    /// <summary>Computes the changed weight in F32.</summary>
    internal Tensor Apply(Pass pass, string key, Tensor weight)
    {
        (TensorEntry entryA, TensorEntry entryB) = _pairs[key];
        if (weight.Shape.Rank != 2 || entryB.Shape[0] != weight.Shape[0] || entryA.Shape[1] != weight.Shape[1])
        {
            throw Refuse(_archive, entryA, $"changes {Printable.Text(key)} by a matrix [{entryB.Shape[0]}, {entryA.Shape[1]}], but the weight is {weight.Shape}");
        }

        using Scope scope = pass.BeginScope();
        Tensor a = Permute.Forward(pass, WeightReader.ReadF32(pass, _archive, entryA), 1, 0);
        Tensor b = WeightReader.ReadF32(pass, _archive, entryB);
        double scale = _alpha is float alpha ? alpha / entryA.Shape[0] : 1;
        Tensor change = Linear.Forward(pass, b, a);
        return scope.Keep(LinearCombination.Forward(pass, DType.F32, (1, Cast.Forward(pass, weight, DType.F32)), (scale, change)));
    }

    private static ModelFormatException Refuse(TensorArchive archive, TensorEntry entry, string sentence) => new(archive.Path, sentence, entry.Name);

    private static string? Target(string name, string half)
    {
        int at = name.IndexOf(half, StringComparison.Ordinal);
        if (at < 0)
        {
            return null;
        }

        string key = WanKeyMap.WithoutInfixes(name[..at]);
        key = key.StartsWith(Group, StringComparison.Ordinal) ? key[Group.Length..] : key;
        for (bool stripped = true; stripped;)
        {
            stripped = false;
            foreach (string prefix in Prefixes)
            {
                if (key.StartsWith(prefix, StringComparison.Ordinal))
                {
                    key = key[prefix.Length..];
                    stripped = true;
                }
            }
        }

        return key + ".weight";
    }
}
