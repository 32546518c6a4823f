using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The second half of a feed-forward as one recorded op: its backward pass makes no gradient of the hidden layer, only that of what GELU was taken of.</summary>
internal static class GeluLinear
{
    /// <summary>Computes <c>y = gelu_tanh(before) · weightᵀ + bias</c>, rounded where <see cref="Unary"/> and <see cref="Linear"/> round after each other.</summary>
    /// <param name="pass">A pass that records, on a CUDA device.</param>
    /// <param name="cuda">Its device.</param>
    /// <param name="before">Output of the first half, <c>[..., I]</c>, F32 or BF16.</param>
    /// <param name="weight">Weight, <c>[O, I]</c>.</param>
    /// <param name="bias">Bias, <c>[O]</c>; may be null.</param>
    public static Tensor Forward(Pass pass, CudaDevice cuda, Tensor before, Tensor weight, Tensor? bias)
    {
        using Scope scope = pass.BeginScope();
        Tensor hidden = pass.New(before.Shape, before.DType), y = pass.New(before.Shape.With(^1, weight.Shape[0]), before.DType);
        Unary.ForwardCuda(cuda, before, hidden, Activation.GeluTanh);
        Linear.ForwardCuda(pass, cuda, hidden, weight, bias, Activation.None, y);

        // With h = gelu(before): dbefore = (dy W) gelu'(before), dW = dyᵀ h, dbias = sum over rows of dy.
        pass.Record(y, [before, weight, bias], [before, hidden, weight], (back, dy) =>
        {
            (Tensor? dweight, Tensor? dbias) = Linear.WeightGradientsCuda(back, cuda, dy, hidden, weight, bias);
            return [before.NeedsGrad ? Linear.GeluGradientCuda(back, cuda, dy, before, weight) : null, dweight, dbias];
        });
        return scope.Keep(y);
    }
}
