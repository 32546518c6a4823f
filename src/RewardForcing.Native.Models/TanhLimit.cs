using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Keeps values within -3..3: <c>y = 3 tanh(x / 3)</c>.</summary>
/// <remarks>
/// A hyperbolic tangent is the difference of the two probabilities <c>softmax([u, -u])</c>, so three ops there are suffice; always in
/// float, since the difference of probabilities rounded to bfloat16 would lose small values. Only latents go through it.
/// </remarks>
internal sealed class TanhLimit : IDisposable
{
    private const float Limit = 3f;

    private readonly OwnedTensor _split;
    private readonly OwnedTensor _join;

    public TanhLimit(Device device)
    {
        _split = OwnedTensor.New(device, new Shape(2, 1));
        _split.Value.CopyFrom<float>([1f / Limit, -1f / Limit]);
        _join = OwnedTensor.New(device, new Shape(1, 2));
        _join.Value.CopyFrom<float>([Limit, -Limit]);
    }

    public Tensor Forward(Pass pass, Tensor x)
    {
        using Scope scope = pass.BeginScope();
        Tensor column = pass.Reshape(Cast.Forward(pass, x, DType.F32), new Shape(checked((int)x.Count), 1));
        Tensor probabilities = Softmax.Forward(pass, Linear.Forward(pass, column, _split.Value));
        Tensor joined = Linear.Forward(pass, probabilities, _join.Value);
        return scope.Keep(Cast.Forward(pass, pass.Reshape(joined, x.Shape), x.DType));
    }

    public void Dispose()
    {
        _split.Dispose();
        _join.Dispose();
    }
}
