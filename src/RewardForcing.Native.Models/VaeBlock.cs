using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>A layer of a Wan VAE; causal ones look at their slots of the stream and renew them.</summary>
internal abstract class VaeBlock
{
    /// <summary>Temporal taps less one: the frames a causal convolution looks back.</summary>
    protected const int Lookback = 2;

    /// <summary>Runs the layer on the next frames, <c>[B, T, H, W, C]</c>.</summary>
    public abstract Tensor Forward(Pass pass, Tensor x, VaeStream stream);

    /// <summary>Builds a layer and takes the slots it needs, in the order of execution.</summary>
    public static VaeBlock Create(WeightSet weights, VaeLayer layer, ref int slots)
    {
        string prefix = $"{layer.Name}.";
        switch (layer.Kind)
        {
            case VaeLayerKind.Convolution:
                return new VaeConvolution(weights, layer.Name, slots++);
            case VaeLayerKind.Residual:
                slots += 2;
                return new VaeResidual(weights, prefix, slots - 2);
            case VaeLayerKind.Attention:
                return new VaeAttention(weights, prefix);
            case VaeLayerKind.Upsample:
                return new VaeUpsample(weights, prefix, layer.Temporal ? slots++ : -1);
            case VaeLayerKind.Downsample:
                return new VaeDownsample(weights, prefix, layer.Temporal ? slots++ : -1);
            default:
                return new VaeHead(weights, prefix, slots++);
        }
    }
}

/// <summary>A causal 3x3x3 convolution with its history.</summary>
internal sealed class VaeConvolution(WeightSet weights, string name, int slot) : VaeBlock
{
    private readonly Parameter _weight = weights[$"{name}.weight"];
    private readonly Parameter _bias = weights[$"{name}.bias"];

    public override Tensor Forward(Pass pass, Tensor x, VaeStream stream)
    {
        using Scope scope = pass.BeginScope();
        FrameHistory history = stream[slot];
        Tensor y = CausalConv3d.Forward(pass, x, _weight, _bias, history.Frames(pass), Lookback);
        history.Append(pass, x, Lookback);
        return scope.Keep(y);
    }
}

/// <summary>Norm, SiLU and convolution, twice, beside a shortcut.</summary>
internal sealed class VaeResidual(WeightSet weights, string prefix, int slot) : VaeBlock
{
    private readonly Parameter _gamma0 = weights[$"{prefix}residual.0.gamma"];
    private readonly Parameter _gamma1 = weights[$"{prefix}residual.3.gamma"];
    private readonly VaeConvolution _first = new(weights, $"{prefix}residual.2", slot);
    private readonly VaeConvolution _second = new(weights, $"{prefix}residual.6", slot + 1);
    private readonly Projection? _shortcut = weights.Contains($"{prefix}shortcut.weight") ? new Projection(weights, $"{prefix}shortcut") : null;

    public override Tensor Forward(Pass pass, Tensor x, VaeStream stream)
    {
        using Scope scope = pass.BeginScope();
        Tensor main = LayerChain.Run(pass, x, 4, (input, step) => step switch
        {
            0 => ChannelRmsNorm.Forward(pass, input, _gamma0, Activation.Silu),
            1 => _first.Forward(pass, input, stream),
            2 => ChannelRmsNorm.Forward(pass, input, _gamma1, Activation.Silu),
            _ => _second.Forward(pass, input, stream),
        });
        return scope.Keep(Add.Forward(pass, main, _shortcut?.Forward(pass, x) ?? x));
    }
}

/// <summary>Attention of the positions of one frame to each other, with one head of the full width.</summary>
internal sealed class VaeAttention(WeightSet weights, string prefix) : VaeBlock
{
    private readonly Parameter _gamma = weights[$"{prefix}norm.gamma"];
    private readonly Parameter _weight = weights[$"{prefix}to_qkv.weight"];
    private readonly Parameter _bias = weights[$"{prefix}to_qkv.bias"];
    private readonly Projection _output = new(weights, $"{prefix}proj");

    public override Tensor Forward(Pass pass, Tensor x, VaeStream stream)
    {
        using Scope scope = pass.BeginScope();
        int channels = x.Shape[^1];
        Shape heads = new(x.Shape[0] * x.Shape[1], x.Shape[2] * x.Shape[3], 1, channels);
        Tensor normed = ChannelRmsNorm.Forward(pass, x, _gamma);
        Tensor Third(int part) => pass.Reshape(
            Linear.Forward(pass, normed, pass.Slice(_weight, part * channels, channels), pass.Slice(_bias, part * channels, channels)), heads);
        Tensor attended = Attention.Forward(pass, Third(0), Third(1), Third(2), 1f / MathF.Sqrt(channels));
        return scope.Keep(Add.Forward(pass, _output.Forward(pass, pass.Reshape(attended, x.Shape)), x));
    }
}

/// <summary>Norm, SiLU and the last convolution.</summary>
internal sealed class VaeHead(WeightSet weights, string prefix, int slot) : VaeBlock
{
    private readonly Parameter _gamma = weights[$"{prefix}0.gamma"];
    private readonly VaeConvolution _convolution = new(weights, $"{prefix}2", slot);

    public override Tensor Forward(Pass pass, Tensor x, VaeStream stream)
    {
        using Scope scope = pass.BeginScope();
        return scope.Keep(_convolution.Forward(pass, ChannelRmsNorm.Forward(pass, x, _gamma, Activation.Silu), stream));
    }
}
