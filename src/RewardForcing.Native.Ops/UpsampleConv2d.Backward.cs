using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

public static partial class UpsampleConv2d
{
    // With u the doubled x: du = conv2d(dy, flipped weight) and dx[i] = du[2i] + du[2i + 1] in both directions. Together that is one
    // convolution of dy with step 2 and a filter of one tap more, the sum of four shifted ones. dweight and dbias are those of conv2d of u.
    private static void Record(Pass pass, Tensor x, Tensor weight, Tensor? bias, Tensor y)
    {
        pass.Record(y, [x, weight, bias], saved: [x, weight], (back, dy) =>
        {
            Tensor? dx = x.NeedsGrad ? DataGradient(back, dy, weight, x.Shape) : null;
            (Tensor? dweight, Tensor? dbias) = weight.NeedsGrad || bias is { NeedsGrad: true } ? ShapeOf(x, weight).FilterGradients(back, Op, x, null, weight, bias, dy) : default;
            return [dx, dweight, dbias];
        });
    }

    private static Tensor DataGradient(Pass back, Tensor dy, Tensor weight, Shape shape)
    {
        if (dy.Count == 0 || shape.Count == 0)
        {
            return back.Zeros(shape, dy.DType);
        }

        (int high, int wide) = (weight.Shape[2], weight.Shape[3]);
        Conv2dPlan plan = new(2, high - 1 - (high / 2), 0, wide - 1 - (wide / 2), 0);
        using Scope scope = back.BeginScope();
        Tensor folded = Fold(back, weight), dx = back.New(shape, dy.DType);
        if (back.Device is not CudaDevice || dy.DType != DType.BF16 || weight.DType != DType.BF16)
        {
            Conv2d.Convolve(back, dy, folded, null, plan, dx);
            return scope.Keep(dx);
        }

        // The tensor cores take the sums as two bfloat16 numbers: rounding them to one would cost more than all other roundings together.
        Tensor rounded = Cast.Forward(back, folded, DType.BF16), rest = LinearCombination.Forward(back, DType.BF16, (1, folded), (-1, rounded)), more = back.New(shape, dy.DType);
        Conv2d.Convolve(back, dy, rounded, null, plan, dx);
        Conv2d.Convolve(back, dy, rest, null, plan, more);
        return scope.Keep(Add.Forward(back, dx, more));
    }

    // folded[c, o, u, v] = sum_(a, b in {0, 1}) weight[o, c, a + kH - 1 - u, b + kW - 1 - v], taps outside being zero.
    private static Tensor Fold(Pass back, Tensor weight)
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

        return LinearCombination.Forward(back, DType.F32, terms);
    }
}
