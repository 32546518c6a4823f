using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Tells generated clips from real ones: a Wan transformer, some of whose blocks are read out by a token each, and a classifier of what the tokens saw.</summary>
/// <remarks>The critic of adversarial training in Self Forcing and Reward Forcing. Spec: training 3.8.</remarks>
public sealed class WanDiscriminator : IDisposable
{
    private const float ClassifierEps = 1e-5f;
    private const double TimeFactor = 10;

    private readonly WeightSet _weights;
    private readonly DiscriminatorConfig _config;
    private readonly ReadOut[] _readOuts;
    private readonly Parameter _registers;
    private readonly Parameter _registerNorm;
    private readonly Projection _norm;
    private readonly Projection _hidden;
    private readonly Projection _classes;

    /// <summary>Builds the network on loaded weights.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="weights">All parameters of <see cref="DiscriminatorConfig.Parameters"/>; owned by the network from here on.</param>
    public WanDiscriminator(DiscriminatorConfig config, WeightSet weights)
    {
        (_config, _weights) = (config, weights);
        _registers = weights["_register_tokens.register_tokens"];
        _registerNorm = weights["_register_tokens.rms_norm.weight"];
        _readOuts = [.. Enumerable.Range(0, config.Layers.Count).Select(i => new ReadOut(weights, $"_gan_ca_blocks.{i}", config.Backbone))];
        _norm = new Projection(weights, "_cls_pred_branch.0");
        _hidden = new Projection(weights, "_cls_pred_branch.1");
        _classes = new Projection(weights, "_cls_pred_branch.3");
        Backbone = new WanTransformer(config.Backbone, weights);
    }

    /// <summary>The transformer, which shares the weights.</summary>
    public WanTransformer Backbone { get; }

    /// <summary>All parameters, those of the transformer included.</summary>
    public WeightSet Weights => _weights;

    /// <summary>Whether a parameter is the discriminator's own: read-outs and classifier. Register tokens count as the transformer's, as in the reference.</summary>
    /// <param name="name">Its key.</param>
    public static bool Owns(string name) => name.Contains("_cls_pred_branch", StringComparison.Ordinal) || name.Contains("_gan_ca_blocks", StringComparison.Ordinal);

    /// <summary>Judges noisy clips.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Noisy latents, <c>[B, 16, F, H, W]</c>, F32 or BF16.</param>
    /// <param name="timesteps">One for each sample.</param>
    /// <param name="context">Text encoder output, <c>[B, S, text_dim]</c>.</param>
    /// <returns>Logits, <c>[B, classes]</c>; above 0 for what seems real.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit the network or each other.</exception>
    public Tensor Logits(Pass pass, Tensor x, ReadOnlySpan<float> timesteps, Tensor context)
    {
        (Tensor[] hidden, Tensor time) = Backbone.Hidden(pass, x, timesteps, context, _config.Layers);
        (int batch, int dim) = (x.Shape[0], _config.Backbone.Dim);
        Tensor registers = RmsNorm.Forward(pass, Cast.Forward(pass, _registers, x.DType), _registerNorm, _config.Backbone.Eps);
        List<Tensor> rows = [];
        for (int i = 0; i < hidden.Length; i++)
        {
            Tensor register = pass.Reshape(pass.Slice(registers, i, 1), new Shape(1, 1, dim));
            rows.Add(_readOuts[i].Forward(pass, Repeated(pass, register, batch), hidden[i]));
        }

        if (_config.SeesTime)
        {
            Tensor first = time.Shape[1] == 1 ? time : Narrow.Forward(pass, time, 1, 0, 1);
            rows.Add(LinearCombination.Forward(pass, x.DType, (TimeFactor, first)));
        }

        Tensor joined = rows.Count == 1 ? rows[0] : Concat.Forward(pass, 1, [.. rows]);
        Tensor seen = LayerNorm.Forward(pass, pass.Reshape(joined, new Shape(batch, rows.Count * dim)), _norm.Weight, _norm.Bias, ClassifierEps);
        return _classes.Forward(pass, _hidden.Forward(pass, seen, Activation.Silu));
    }

    /// <summary>Releases the weights.</summary>
    public void Dispose() => Backbone.Dispose();

    private static Tensor Repeated(Pass pass, Tensor row, int batch) => batch == 1 ? row : Concat.Forward(pass, 0, [.. Enumerable.Repeat(row, batch)]);

    /// <summary>Attention of one token to all tokens of a block, and a feed-forward layer.</summary>
    private sealed class ReadOut(WeightSet weights, string name, WanConfig config)
    {
        private readonly WanAttention _attention = new(weights, $"{name}.cross_attn", config);
        private readonly Projection _norm = new(weights, $"{name}.norm3");
        private readonly Projection _up = new(weights, $"{name}.ffn.0");
        private readonly Projection _down = new(weights, $"{name}.ffn.2");

        public Tensor Forward(Pass pass, Tensor token, Tensor stream)
        {
            ContextKeys keys = _attention.Context(pass, LayerNorm.Forward(pass, stream, _norm.Weight, _norm.Bias, config.Eps), null);
            Tensor a = Add.Forward(pass, token, _attention.CrossAttention(pass, token, keys));
            Tensor n = LayerNorm.Forward(pass, a, null, null, config.Eps);
            return Add.Forward(pass, a, _down.Forward(pass, _up.Forward(pass, n, Activation.GeluTanh)));
        }
    }
}
