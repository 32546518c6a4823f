using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Halves height and width and, where it has a temporal convolution, the frames after a video's first.</summary>
internal sealed class VaeDownsample(WeightSet weights, string prefix, int slot) : VaeBlock
{
    private const int FrameStride = 2;

    private readonly Parameter _weight = weights[$"{prefix}resample.1.weight"];
    private readonly Parameter _bias = weights[$"{prefix}resample.1.bias"];
    private readonly Parameter? _timeWeight = slot < 0 ? null : weights[$"{prefix}time_conv.weight"];
    private readonly Parameter? _timeBias = slot < 0 ? null : weights[$"{prefix}time_conv.bias"];

    public override Tensor Forward(Pass pass, Tensor x, VaeStream stream)
    {
        using Scope scope = pass.BeginScope();

        // Zeros right and below only, as the reference pads.
        Tensor smaller = Conv2d.Forward(pass, x, _weight, _bias, new Conv2dPlan(2, 0, 1, 0, 1));
        if (_timeWeight is null)
        {
            return scope.Keep(smaller);
        }

        FrameHistory history = stream[slot];
        Tensor y = stream.Started ? CausalConv3d.Forward(pass, smaller, _timeWeight, _timeBias!, history.Frames(pass), 1, FrameStride) : smaller;
        history.Append(pass, smaller, 1);
        return scope.Keep(y);
    }
}
