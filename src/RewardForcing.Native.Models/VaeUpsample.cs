using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Doubles height and width and, where it has a temporal convolution, the frames after a video's first.</summary>
internal sealed class VaeUpsample(WeightSet weights, string prefix, int slot) : VaeBlock
{
    private readonly Parameter _weight = weights[$"{prefix}resample.1.weight"];
    private readonly Parameter _bias = weights[$"{prefix}resample.1.bias"];
    private readonly Parameter? _timeWeight = slot < 0 ? null : weights[$"{prefix}time_conv.weight"];
    private readonly Parameter? _timeBias = slot < 0 ? null : weights[$"{prefix}time_conv.bias"];

    public override Tensor Forward(Pass pass, Tensor x, VaeStream stream)
    {
        using Scope scope = pass.BeginScope();
        Tensor frames = _timeWeight is not null && stream.Started ? DoubleFrames(pass, x, stream[slot]) : x;
        return scope.Keep(DoublePixels(pass, frames));
    }

    // The first piece of a video passes by and leaves no trace: the second one finds a history of zeros, not the first piece's frame.
    private Tensor DoubleFrames(Pass pass, Tensor x, FrameHistory history)
    {
        using Scope scope = pass.BeginScope();
        (int batch, int frames, int height, int width, int channels) = (x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3], x.Shape[4]);
        Tensor pairs = CausalConv3d.Forward(pass, x, _timeWeight!, _timeBias!, history.Frames(pass), Lookback);
        history.Append(pass, x, Lookback, zeroFill: true);

        // Half j of the channels of frame i is frame 2i + j.
        Tensor split = pass.Reshape(pairs, new Shape(batch * frames, height * width, 2, channels));
        Tensor ordered = Permute.Forward(pass, split, 0, 2, 1, 3);
        return scope.Keep(pass.Reshape(ordered, new Shape(batch, 2 * frames, height, width, channels)));
    }

    private Tensor DoublePixels(Pass pass, Tensor x)
    {
        (int batch, int frames, int height, int width, int channels) = (x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3], x.Shape[4]);
        using Scope scope = pass.BeginScope();
        Tensor images = pass.Reshape(x, new Shape(batch * frames, height, width, channels));
        Tensor y = UpsampleConv2d.Forward(pass, images, _weight, _bias);
        return scope.Keep(pass.Reshape(y, new Shape(batch, frames, 2 * height, 2 * width, y.Shape[3])));
    }
}
