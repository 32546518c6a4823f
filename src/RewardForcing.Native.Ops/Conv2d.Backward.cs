using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

public static partial class Conv2d
{
    // dx[i] = sum_k dy[(i + top - k) / s] · weight[k] over the taps k where s divides i + top - k, in both directions.
    // dweight[k] = sum_i dy[i] ⊗ x[i s + k - top] and dbias = sum dy, over all pixels.
    private static void Record(Pass pass, Tensor x, Tensor weight, Tensor? bias, Conv2dPlan plan, Tensor y)
    {
        pass.Record(y, [x, weight, bias], saved: [x, weight], (back, dy) =>
        {
            Tensor? dx = x.NeedsGrad ? DataGradient(back, dy, weight, x.Shape, plan) : null;
            (Tensor? dweight, Tensor? dbias) = weight.NeedsGrad || bias is { NeedsGrad: true } ? ShapeOf(x, weight, plan, dy).FilterGradients(back, Op, x, null, weight, bias, dy) : default;
            return [dx, dweight, dbias];
        });
    }

    private static Tensor DataGradient(Pass back, Tensor dy, Tensor weight, Shape shape, Conv2dPlan plan)
    {
        if (dy.Count == 0 || shape.Count == 0)
        {
            return back.Zeros(shape, dy.DType);
        }

        (int step, int height, int width, int channels) = (plan.Stride, shape[^3], shape[^2], shape[^1]);
        (int line, int column) = (plan.Top / step, plan.Left / step);
        (int lines, int columns) = (((plan.Top + height - 1) / step) - line + 1, ((plan.Left + width - 1) / step) - column + 1);
        int images = (int)(shape.Count / ((long)height * width * channels));
        using Scope scope = back.BeginScope();
        Tensor phases = back.New(new Shape(step * step, images, lines, columns, channels), dy.DType);
        for (int phase = 0; phase < step * step; phase++)
        {
            Tensor target = back.Entry(phases, phase);
            (int down, int across) = Math.DivRem(phase, step);
            (int high, int wide) = (FlippedFilter.Taps(weight.Shape[2], down, step), FlippedFilter.Taps(weight.Shape[3], across, step));
            if (high == 0 || wide == 0)
            {
                target.Clear();
                continue;
            }

            using Scope inner = back.BeginScope();
            Tensor flipped = FlippedFilter.Make(back, Op, weight, (down, step), (across, step));
            Convolve(back, dy, flipped, null, new Conv2dPlan(1, high - 1 - line, 0, wide - 1 - column, 0), target);
        }

        if (step == 1)
        {
            return scope.Keep(back.Reshape(phases, shape));
        }

        Tensor split = back.Reshape(phases, new Shape(step, step, images, lines, columns, channels));
        Tensor whole = back.Reshape(Permute.Forward(back, split, 2, 3, 0, 4, 1, 5), new Shape(images, lines * step, columns * step, channels));
        Tensor rows = lines * step == height ? whole : Narrow.Forward(back, whole, 1, plan.Top - (line * step), height);
        Tensor dx = columns * step == width ? rows : Narrow.Forward(back, rows, 2, plan.Left - (column * step), width);
        return scope.Keep(back.Reshape(dx, shape));
    }
}
