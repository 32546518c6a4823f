using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

public static partial class Attention
{
    private const int RowWarps = 8;

    private static Tensor?[] BackwardCuda(
        Pass pass, CudaDevice cuda, Tensor dy, Tensor q, Tensor k, Tensor v, float scale, AttentionMask mask, Tensor? relativeBias, Tensor y, Tensor logSum)
    {
        Tensor? dq = Gradients.Like(pass, q), dbias = Gradients.New(pass, relativeBias);
        (Tensor? dk, Tensor? dv) = k.NeedsGrad || v.NeedsGrad ? (pass.New(k.Shape, k.DType), pass.New(v.Shape, v.DType)) : (null, null);
        if (q.Count == 0 || k.Count == 0)
        {
            foreach (Tensor? gradient in (ReadOnlySpan<Tensor?>)[dq, dk, dv, dbias])
            {
                gradient?.Clear();
            }

            return [dq, dk, dv, dbias];
        }

        using Scope scope = pass.BeginScope();
        (int batch, int queries, int heads, int width, int keys) = (q.Shape[0], q.Shape[1], q.Shape[2], q.Shape[3], k.Shape[1]);
        Tensor? bias = relativeBias is null ? null : Cast.Forward(pass, relativeBias, DType.F32);
        bool aligned = KernelPlan.IsAligned(q) && KernelPlan.IsAligned(k) && KernelPlan.IsAligned(v) && KernelPlan.IsAligned(dy);
        AttentionGradientLaunch launch = AttentionGradientLaunch.Choose(q, scale, mask, bias is not null, aligned);
        KernelCall Call() => launch.Define(new KernelCall(cuda, "attention_gradient"))
            .Define("RF_T", q.DType).Define("RF_MASK", mask.Number).Define("RF_BIAS", bias is null ? 0 : 1);
        Tensor rows = pass.New(new Shape(batch, heads, queries, 2));
        long count = (long)batch * queries * heads;
        Call().Pointer(rows).Pointer(dy).Pointer(y).Pointer(logSum).Long(count).Int(queries, heads, width)
            .Run("attention_gradient_backward_rows", new CudaExtent(KernelPlan.Blocks(count, RowWarps)), 32 * RowWarps);
        if (!launch.IsTensor)
        {
            KernelCall call = Call().Pointer(rows).Pointer(dy).Pointer(q).Pointer(k).Pointer(v).Pointer(bias).Int(queries, keys, heads, width).Float(scale).Int(mask.Sizes);
            launch.Run(call, "attention_gradient_backward_delta", batch, queries, heads);
        }

        KernelCall Operands(KernelCall call) => call.Pointer(dy).Pointer(q).Pointer(k).Pointer(v).Pointer(rows).Pointer(bias);
        if (dq is not null)
        {
            KernelCall call = Operands(Call().Pointer(dq)).Int(queries, keys, heads, width).Float(scale).Int(mask.Sizes);
            launch.Run(call, "attention_gradient_backward_query", batch, queries, heads);
        }

        if (dk is not null)
        {
            KernelCall call = Operands(Call().Pointer(dk).Pointer(dv)).Int(queries, keys, heads, width).Float(scale).Int(mask.Sizes);
            launch.Run(call, "attention_gradient_backward_key", batch, keys, heads);
        }

        if (dbias is not null)
        {
            Tensor sums = dbias.DType == DType.F32 ? dbias : pass.New(dbias.Shape);
            Operands(Call().Pointer(sums)).Int(batch, queries, keys, heads, width).Float(scale).Int(mask.Sizes)
                .Run("attention_gradient_backward_bias", new CudaExtent(KernelPlan.Blocks(queries + keys - 1, RowWarps), heads), 32 * RowWarps);
            if (!ReferenceEquals(sums, dbias))
            {
                Cast.ForwardCuda(cuda, sums, dbias);
            }
        }

        return [dq, dk, dv, dbias];
    }
}
