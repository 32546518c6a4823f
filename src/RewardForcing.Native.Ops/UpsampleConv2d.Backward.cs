using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

public static partial class UpsampleConv2d
{
    // With u the doubled x: du = conv2d(dy, flipped weight) and dx[i] = du[2i] + du[2i + 1] in both directions. Together that is one
    // convolution of dy with step 2 and a filter of one tap more, the sum of four shifted ones. dweight and dbias are those of conv2d of u.
    private static void Record(Pass pass, Tensor x, Tensor weight, Tensor? bias, Tensor y)
    {
        if (!pass.IsTraining)
        {
            return;
        }

        if (pass.Device is CudaDevice)
        {
            pass.RequireNoGrad(Op, x, weight, bias);
        }

        pass.Record(y, bias is null ? [x, weight] : [x, weight, bias], saved: [x, weight], (back, dy) =>
        {
            Tensor? dx = x.NeedsGrad ? DataGradient(back, dy, weight, x.Shape) : null;
            (Tensor? dweight, Tensor? dbias) = weight.NeedsGrad || bias is { NeedsGrad: true } ? FilterGradients(back, x, weight, bias, dy) : default;
            return bias is null ? [dx, dweight] : [dx, dweight, dbias];
        });
    }

    private static Tensor DataGradient(Pass back, Tensor dy, Tensor weight, Shape shape)
    {
        if (dy.Count == 0 || shape.Count == 0)
        {
            return back.Zeros(shape, dy.DType);
        }

        (int high, int wide) = (weight.Shape[2], weight.Shape[3]);
        Tensor dx = back.New(shape, dy.DType);
        using Scope scope = back.BeginScope();
        Tensor folded = Fold(back, weight, dy.DType);
        Conv2d.Convolve(back, dy, folded, null, new Conv2dPlan(2, high - 1 - (high / 2), 0, wide - 1 - (wide / 2), 0), dx);
        return dx;
    }

    // folded[c, o, u, v] = sum_(a, b in {0, 1}) weight[o, c, a + kH - 1 - u, b + kW - 1 - v], taps outside being zero.
    private static Tensor Fold(Pass back, Tensor weight, DType type)
    {
        (int outputs, int channels, int high, int wide) = (weight.Shape[0], weight.Shape[1], weight.Shape[2], weight.Shape[3]);
        Tensor source = weight.DType == DType.BF16 ? weight : Cast.Forward(back, weight, DType.F32);
        Tensor side = back.Zeros(new Shape(outputs, channels, high, 1), source.DType);
        Tensor edge = back.Zeros(new Shape(outputs, channels, 1, wide + 2), source.DType);
        Tensor bordered = Concat.Forward(back, 2, edge, Concat.Forward(back, 3, side, source, side), edge);
        var terms = new (double, Tensor)[4];
        for (int i = 0; i < terms.Length; i++)
        {
            // One of the four filters, one tap longer: it begins at its own corner of the border.
            Tensor shifted = back.New(new Shape(channels, outputs, high + 1, wide + 1), source.DType);
            long first = ((high + (i / 2)) * (wide + 2L)) + wide + (i % 2);
            long filter = (high + 2L) * (wide + 2L);
            StridedCopy.Run(
                Op, back.Own(bordered.ViewAt(first, new Shape(1))), shifted, [channels, outputs, high + 1, wide + 1], [filter, channels * filter, -(wide + 2L), -1]);
            terms[i] = (1, shifted);
        }

        // In float, unless it has to be bfloat16 for the tensor cores.
        bool narrow = back.Device is CudaDevice && type == DType.BF16 && weight.DType == DType.BF16;
        return LinearCombination.Forward(back, narrow ? DType.BF16 : DType.F32, terms);
    }

    private static (Tensor Weight, Tensor? Bias) FilterGradients(Pass back, Tensor x, Tensor weight, Tensor? bias, Tensor dy)
    {
        Tensor dweight = back.New(weight.Shape);
        Tensor? dbias = bias is null ? null : back.New(bias.Shape);
        if (dy.Count == 0)
        {
            dweight.Clear();
            dbias?.Clear();
            return (dweight, dbias);
        }

        ShapeOf(x, weight).RunFilterGradient(Check.Cpu(Op, back.Device), SimdPaths.Best, x, null, dy, dweight, dbias);
        return (dweight, dbias);
    }
}
