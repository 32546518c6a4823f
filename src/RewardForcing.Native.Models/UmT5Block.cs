using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>One block of the umT5 encoder: attention with a table of relative positions of its own, then a gated feed-forward.</summary>
/// <remarks>Spec: models, section 7.</remarks>
internal sealed class UmT5Block(WeightSet weights, int layer, UmT5Config config)
{
    private readonly string _name = $"blocks.{layer}.";

    /// <summary>Runs the block over one text.</summary>
    /// <param name="pass">Where to run.</param>
    /// <param name="x">Residual stream, <c>[1, L, C]</c>.</param>
    /// <param name="buckets">Row of the table for each distance, <c>[2L - 1]</c>; entry <c>j - i + L - 1</c> belongs to key j and query i.</param>
    /// <returns>Residual stream, <c>[1, L, C]</c>.</returns>
    public Tensor Forward(Pass pass, Tensor x, Tensor buckets)
    {
        using Scope scope = pass.BeginScope();
        Shape heads = new(1, x.Shape[1], config.Heads, config.AttentionDim / config.Heads);
        Tensor normed = RmsNorm.Forward(pass, x, Weight("norm1"), config.Eps);
        Tensor q = pass.Reshape(Map(pass, normed, "attn.q"), heads);
        Tensor k = pass.Reshape(Map(pass, normed, "attn.k"), heads);
        Tensor v = pass.Reshape(Map(pass, normed, "attn.v"), heads);
        Tensor perBucket = Embedding.Forward(pass, Weight("pos_embedding.embedding"), buckets, x.DType);
        Tensor bias = Cast.Forward(pass, Permute.Forward(pass, perBucket, 1, 0), DType.F32);

        // umT5 does not scale its scores.
        Tensor attended = Attention.Forward(pass, q, k, v, 1f, relativeBias: bias);
        Tensor flat = pass.Reshape(attended, new Shape(1, x.Shape[1], config.AttentionDim));
        x = Add.Forward(pass, x, Map(pass, flat, "attn.o"));
        normed = RmsNorm.Forward(pass, x, Weight("norm2"), config.Eps);
        Tensor gated = GatedGelu.Forward(pass, Map(pass, normed, "ffn.gate.0"), Map(pass, normed, "ffn.fc1"));
        return scope.Keep(Add.Forward(pass, x, Map(pass, gated, "ffn.fc2")));
    }

    private Parameter Weight(string part) => weights[$"{_name}{part}.weight"];

    private Tensor Map(Pass pass, Tensor x, string part) => Linear.Forward(pass, x, Weight(part));
}
