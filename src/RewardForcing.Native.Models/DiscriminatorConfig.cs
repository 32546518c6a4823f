using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Sizes of a discriminator on top of a Wan transformer.</summary>
/// <param name="Backbone">The transformer.</param>
/// <remarks>Spec: training 3.8.</remarks>
public sealed record DiscriminatorConfig(WanConfig Backbone)
{
    /// <summary>Width of the feed-forward layer of read-outs; 8192 in the reference.</summary>
    public int FfnDim { get; init; } = 8192;

    /// <summary>Width of the classifier's hidden layer; 0 takes that of the transformer.</summary>
    public int Hidden { get; init; }

    /// <summary>Logits for each clip; key <c>num_class</c>.</summary>
    public int Classes { get; init; } = 1;

    /// <summary>Whether the classifier sees the timestep too; key <c>concat_time_embeddings</c>.</summary>
    public bool SeesTime { get; init; }

    /// <summary>Blocks that are read out, in rising order; by default those of the reference, 13, 21 and 29 of 30, in proportion.</summary>
    public IReadOnlyList<int> Layers { get; init; } = [.. new[] { 14, 22, 30 }.Select(done => Math.Max(1, done * Backbone.Layers / 30) - 1).Distinct()];

    /// <summary>All parameters, those of the transformer first.</summary>
    public IReadOnlyList<ParameterSpec> Parameters()
    {
        (int dim, int rows) = (Backbone.Dim, Layers.Count + (SeesTime ? 1 : 0));
        int hidden = Hidden > 0 ? Hidden : dim;
        List<ParameterSpec> list = [.. Backbone.Parameters()];
        list.Add(new ParameterSpec("_register_tokens.register_tokens", new Shape(Layers.Count, dim)));
        list.Add(new ParameterSpec("_register_tokens.rms_norm.weight", new Shape(dim)));
        for (int i = 0; i < Layers.Count; i++)
        {
            string block = $"_gan_ca_blocks.{i}";
            Pair(list, $"{block}.norm3", new Shape(dim));
            Pair(list, $"{block}.ffn.0", new Shape(FfnDim, dim));
            Pair(list, $"{block}.ffn.2", new Shape(dim, FfnDim));
            foreach (string projection in new[] { "q", "k", "v", "o" })
            {
                Pair(list, $"{block}.cross_attn.{projection}", new Shape(dim, dim));
            }

            list.Add(new ParameterSpec($"{block}.cross_attn.norm_q.weight", new Shape(dim)));
            list.Add(new ParameterSpec($"{block}.cross_attn.norm_k.weight", new Shape(dim)));
        }

        Pair(list, "_cls_pred_branch.0", new Shape(rows * dim));
        Pair(list, "_cls_pred_branch.1", new Shape(hidden, rows * dim));
        Pair(list, "_cls_pred_branch.3", new Shape(Classes, hidden));
        return list;
    }

    private static void Pair(List<ParameterSpec> list, string name, Shape weight)
    {
        list.Add(new ParameterSpec($"{name}.weight", weight));
        list.Add(new ParameterSpec($"{name}.bias", new Shape(weight[0])));
    }
}
