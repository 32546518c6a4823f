using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Brings latents to mean 0 and deviation 1, and back.</summary>
/// <remarks>
/// The reference divides by a reciprocal. A product with the reciprocal of that reciprocal rounds to the same bfloat16: a quotient of two
/// numbers of 8 bits is never closer to the middle of two neighbours than 2^-17, far more than the error of two float roundings.
/// Spec: models 6.5.
/// </remarks>
internal sealed class LatentScale : IDisposable
{
    private readonly OwnedTensor _mean;
    private readonly OwnedTensor _negativeMean;
    private readonly OwnedTensor _factor;
    private readonly OwnedTensor _reciprocal;

    public LatentScale(Device device, VaeConfig config, VaeScaleMode mode)
    {
        int channels = config.LatentChannels;
        bool rounded = mode == VaeScaleMode.Bf16Exact;
        float Round(float value) => rounded ? (float)(BFloat16)value : value;
        float[] mean = [.. config.LatentMean.Take(channels).Select(Round)];
        float[] reciprocal = [.. config.LatentStd.Take(channels).Select(std => Round(1f / Round(std)))];
        _mean = Constant(device, mean);
        _negativeMean = Constant(device, [.. mean.Select(static value => -value)]);
        _factor = Constant(device, [.. reciprocal.Select(static value => 1f / value)]);
        _reciprocal = Constant(device, reciprocal);
    }

    /// <summary>From the decoder's latents to what the network was trained on: <c>z / (1 / std) + mean</c>.</summary>
    public Tensor Denormalise(Pass pass, Tensor z) => Add.Forward(pass, Multiply.Forward(pass, z, _factor.Value), _mean.Value);

    /// <summary>The inverse: <c>(z - mean) * (1 / std)</c>.</summary>
    public Tensor Normalise(Pass pass, Tensor z) => Multiply.Forward(pass, Add.Forward(pass, z, _negativeMean.Value), _reciprocal.Value);

    public void Dispose()
    {
        _mean.Dispose();
        _negativeMean.Dispose();
        _factor.Dispose();
        _reciprocal.Dispose();
    }

    private static OwnedTensor Constant(Device device, ReadOnlySpan<float> values)
    {
        OwnedTensor tensor = OwnedTensor.New(device, new Shape(values.Length));
        tensor.Value.CopyFrom(values);
        return tensor;
    }
}
