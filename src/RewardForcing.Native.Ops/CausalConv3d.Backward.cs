using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

public static partial class CausalConv3d
{
    // dx[f] = sum_k dy[(f + p - k) / s] · weight[k] over the taps k where s divides f + p - k; history holds frames f < 0.
    // dweight[k] = sum_t dy[t] ⊗ x[t s + k - p] and dbias = sum dy, over all pixels.
    private static void Record(Pass pass, Tensor x, Tensor weight, Tensor? bias, Tensor? history, int padFrames, int frameStride, Tensor y)
    {
        pass.Record(y, [x, weight, bias, history], saved: [x, weight, history], (back, dy) =>
        {
            int before = history?.Shape[1] ?? 0;
            Tensor? dx = x.NeedsGrad ? DataGradient(back, dy, weight, x.Shape, 0, padFrames, frameStride) : null;
            Tensor? dhistory = history is { NeedsGrad: true } ? DataGradient(back, dy, weight, history.Shape, -before, padFrames, frameStride) : null;
            (Tensor? dweight, Tensor? dbias) = weight.NeedsGrad || bias is { NeedsGrad: true }
                ? ShapeOf(x, weight, history, padFrames, frameStride, dy).FilterGradients(back, Op, x, history, weight, bias, dy) : default;
            return [dx, dweight, dbias, dhistory];
        });
    }

    // The gradient of frames `firstFrame` and following, of the given shape [B, frames, H, W, C]: a convolution for each phase of the step.
    private static Tensor DataGradient(Pass back, Tensor dy, Tensor weight, Shape shape, int firstFrame, int padFrames, int frameStride)
    {
        if (dy.Count == 0 || shape.Count == 0)
        {
            return back.Zeros(shape, dy.DType);
        }

        int first = firstFrame + padFrames, group = first / frameStride;
        int groups = ((first + shape[1] - 1) / frameStride) - group + 1;
        using Scope scope = back.BeginScope();
        Tensor phases = back.New(new Shape(frameStride, shape[0], groups, shape[2], shape[3], shape[4]), dy.DType);
        for (int phase = 0; phase < frameStride; phase++)
        {
            Tensor target = back.Entry(phases, phase);
            int taps = FlippedFilter.Taps(weight.Shape[2], phase, frameStride);
            if (taps == 0)
            {
                target.Clear();
                continue;
            }

            using Scope inner = back.BeginScope();
            Tensor flipped = FlippedFilter.Make(back, Op, weight, (phase, frameStride), (0, 1), (0, 1));
            Convolve(back, dy, flipped, null, null, taps - 1 - group, 1, target);
        }

        if (frameStride == 1)
        {
            return scope.Keep(back.Reshape(phases, shape));
        }

        Tensor ordered = Permute.Forward(back, back.Reshape(phases, new Shape(frameStride, shape[0], groups, shape[2] * shape[3] * shape[4])), 1, 2, 0, 3);
        Tensor frames = Narrow.Forward(back, back.Reshape(ordered, shape.With(1, groups * frameStride)), 1, first - (group * frameStride), shape[1]);
        return scope.Keep(frames);
    }
}
