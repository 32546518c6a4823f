using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Latents as trainers keep them, <c>[B, F, C, H, W]</c>, and the two other ways they are looked at.</summary>
internal static class LatentRows
{
    /// <summary>Frames and channels exchanged, as networks take and give them, <c>[B, C, F, H, W]</c>.</summary>
    public static Tensor Turned(Pass pass, Tensor x) => Permute.Forward(pass, x, 0, 2, 1, 3, 4);

    /// <summary>One row for each frame, <c>[B·F, C, H, W]</c>.</summary>
    public static Tensor Frames(Pass pass, Tensor x) => pass.Reshape(x, new Shape(x.Shape[0] * x.Shape[1], x.Shape[2], x.Shape[3], x.Shape[4]));

    /// <summary>Noise put on a clip, <c>[B, F, C, H, W]</c>, with a level for each frame or for each sample.</summary>
    public static Tensor Noised(Pass pass, Tensor clean, Tensor noise, float[] sigmas) =>
        pass.Reshape(AddNoise.Forward(pass, Frames(pass, clean), Frames(pass, noise), ForFrames(sigmas, clean)), clean.Shape);

    /// <summary>The clean clip that a flow points to, <c>[B, F, C, H, W]</c>, with a level for each frame or for each sample.</summary>
    public static Tensor Clean(Pass pass, Tensor flow, Tensor noisy, float[] sigmas) =>
        pass.Reshape(FlowToX0.Forward(pass, Frames(pass, flow), Frames(pass, noisy), ForFrames(sigmas, noisy)), noisy.Shape);

    /// <summary>A copy of a tensor, owned by a pass.</summary>
    public static Tensor Copy(Pass pass, Tensor x)
    {
        Tensor y = pass.New(x.Shape, x.DType);
        y.CopyFrom(x);
        return y;
    }

    /// <summary>Multiplies each row by its own factor: <c>x0 = x_σ - σ v</c> with nothing for x_σ and the factor for -σ.</summary>
    public static Tensor Scaled(Pass pass, Tensor rows, float[] factors) =>
        FlowToX0.Forward(pass, rows, pass.Zeros(rows.Shape, rows.DType), Array.ConvertAll(factors, static factor => -factor));

    /// <summary>A number for each sample, repeated for its frames.</summary>
    public static float[] Repeat(ReadOnlySpan<float> samples, int frames)
    {
        var rows = new float[samples.Length * frames];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = samples[i / frames];
        }

        return rows;
    }

    private static float[] ForFrames(float[] sigmas, Tensor clip) => sigmas.Length == clip.Shape[0] ? Repeat(sigmas, clip.Shape[1]) : sigmas;

    /// <summary>The mean of squares of a difference, <c>[]</c>.</summary>
    public static Tensor MeanSquare(Pass pass, Tensor difference) => Reduce.Mean(pass, Multiply.Forward(pass, difference, difference));
}
