using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

public static partial class Attention
{
    private static void ForwardCuda(Pass pass, CudaDevice cuda, Tensor q, Tensor k, Tensor v, float scale, AttentionMask mask, Tensor? relativeBias, Tensor y, Tensor? logSum)
    {
        if (y.Count == 0)
        {
            return;
        }

        using Scope scope = pass.BeginScope();
        Tensor? bias = relativeBias is null ? null : Cast.Forward(pass, relativeBias, DType.F32);
        bool aligned = KernelPlan.IsAligned(q) && KernelPlan.IsAligned(k) && KernelPlan.IsAligned(v);
        if (HopperAttention.Fits(cuda, q, k, scale, mask, bias is not null, aligned))
        {
            HopperAttention.Run(cuda, q, k, v, scale, y, logSum);
            return;
        }

        AttentionLaunch launch = AttentionLaunch.Choose(q, scale, mask.Number, bias is not null, aligned);
        Check.That(
            launch.IsTensor || q.Shape[3] <= AttentionGradientLaunch.WidestFloatHead, Op, $"on {cuda.Name} a head may have at most {AttentionGradientLaunch.WidestFloatHead} channels, got q {q.Shape}.");
        KernelCall call = new KernelCall(cuda, "attention").Define("RF_T", q.DType).Define("RF_MASK", mask.Number).Define("RF_BIAS", bias is null ? 0 : 1)
            .Pointer(y).Pointer(logSum).Pointer(q).Pointer(k).Pointer(v).Pointer(null).Pointer(bias)
            .Int(q.Shape[1], k.Shape[1], q.Shape[2], q.Shape[3]).Float(scale).Int(mask.Sizes);
        launch.Run(call, q.Shape[0], q.Shape[1], q.Shape[2]);
    }
}
