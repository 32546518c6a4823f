using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>One block of a Wan transformer: modulated self-attention, cross-attention, modulated feed-forward.</summary>
/// <remarks>Spec: models 1.4(6). Rows of the modulation: shift, scale, gate of self-attention, then shift, scale, gate of the feed-forward.</remarks>
internal sealed class WanBlock
{
    private readonly WanConfig _config;
    private readonly WanAttention _self;
    private readonly WanAttention _cross;
    private readonly Parameter _modulation;
    private readonly Parameter _normWeight;
    private readonly Parameter _normBias;
    private readonly Projection _up;
    private readonly Projection _down;

    public WanBlock(WeightSet weights, int layer, WanConfig config)
    {
        string name = $"blocks.{layer}";
        _config = config;
        _self = new WanAttention(weights, $"{name}.self_attn", config);
        _cross = new WanAttention(weights, $"{name}.cross_attn", config);
        _modulation = weights[$"{name}.modulation"];
        _normWeight = weights[$"{name}.norm3.weight"];
        _normBias = weights[$"{name}.norm3.bias"];
        _up = new Projection(weights, $"{name}.ffn.0");
        _down = new Projection(weights, $"{name}.ffn.2");
    }

    /// <summary>Whether a parameter belongs to a block.</summary>
    public static bool Owns(string name) => name.StartsWith("blocks.", StringComparison.Ordinal);

    /// <summary>Runs the block over a whole video.</summary>
    /// <param name="pass">Where to run.</param>
    /// <param name="x">Residual stream, <c>[B, L, C]</c>.</param>
    /// <param name="e">Projected time embedding, <c>[B, F, 6, C]</c>; L is a multiple of F.</param>
    /// <param name="context">Keys and values of the context.</param>
    /// <param name="grid">Positions of the video's tokens.</param>
    /// <param name="mask">Which tokens see which.</param>
    /// <param name="keys">Keys of the self-attention, at least L; those past L are zeros.</param>
    /// <returns>Residual stream, <c>[B, L, C]</c>.</returns>
    public Tensor Forward(Pass pass, Tensor x, Tensor e, ContextKeys context, RopeGrid grid, AttentionMask mask, int keys)
    {
        using Scope scope = pass.BeginScope();
        Tensor m = Modulation.Forward(pass, _modulation, e);
        x = SelfAttention(pass, x, m, grid, mask, keys);
        return scope.Keep(Rest(pass, x, m, context));
    }

    /// <summary>Runs the block over new frames and the cache.</summary>
    /// <param name="pass">Where to run.</param>
    /// <param name="x">Residual stream, <c>[B, L, C]</c>.</param>
    /// <param name="e">Projected time embedding, <c>[B, F, 6, C]</c>.</param>
    /// <param name="grid">Size of the new frames.</param>
    /// <param name="state">The caches, of past frames and of the text.</param>
    /// <param name="layer">Which layer this is.</param>
    /// <param name="plan">What happens to the caches.</param>
    /// <param name="context">Keys and values of the text.</param>
    /// <param name="writeOnly">Whether only keys and values are wanted, as of the last layer in a pass over context.</param>
    /// <returns>Residual stream; <paramref name="x"/> itself if <paramref name="writeOnly"/>.</returns>
    public Tensor ForwardCached(Pass pass, Tensor x, Tensor e, RopeGrid grid, CausalState state, int layer, CachePlan plan, ContextKeys context, bool writeOnly)
    {
        using Scope scope = pass.BeginScope();
        Tensor m = Modulation.Forward(pass, _modulation, e);
        Tensor y;
        using (Scope attention = pass.BeginScope())
        {
            Tensor a = ModulatedLayerNorm.Forward(pass, x, pass.Entry(m, 0), pass.Entry(m, 1), _config.Eps);
            if (_self.CachedSelfAttention(pass, a, grid, state, layer, plan, writeOnly) is not Tensor branch)
            {
                return x;
            }

            y = attention.Keep(GatedResidual.Forward(pass, x, branch, pass.Entry(m, 2)));
        }

        return scope.Keep(Rest(pass, y, m, context));
    }

    /// <summary>Keys and values of the context for this block.</summary>
    public ContextKeys Context(Pass pass, Tensor text, Tensor? image) => _cross.Context(pass, text, image);

    private Tensor SelfAttention(Pass pass, Tensor x, Tensor m, RopeGrid grid, AttentionMask mask, int keys)
    {
        using Scope scope = pass.BeginScope();
        Tensor a = ModulatedLayerNorm.Forward(pass, x, pass.Entry(m, 0), pass.Entry(m, 1), _config.Eps);
        return scope.Keep(GatedResidual.Forward(pass, x, _self.SelfAttention(pass, a, grid, mask, keys), pass.Entry(m, 2)));
    }

    private Tensor Rest(Pass pass, Tensor x, Tensor m, ContextKeys context)
    {
        using Scope scope = pass.BeginScope();
        Tensor y;
        using (Scope cross = pass.BeginScope())
        {
            Tensor n = LayerNorm.Forward(pass, x, _normWeight, _normBias, _config.Eps);
            y = cross.Keep(Add.Forward(pass, x, _cross.CrossAttention(pass, n, context)));
        }

        Tensor a = ModulatedLayerNorm.Forward(pass, y, pass.Entry(m, 3), pass.Entry(m, 4), _config.Eps);
        return scope.Keep(FusedMlp.Forward(pass, y, a, _up.Weight, _up.Bias, _down.Weight, _down.Bias, pass.Entry(m, 5)));
    }
}
