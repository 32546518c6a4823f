using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Moves latents between the layouts of noise <c>[B, F, C, H, W]</c>, transformer <c>[B, C, F, H, W]</c> and decoder <c>[B, F, H, W, C]</c>.</summary>
internal static class LatentLayout
{
    /// <summary>Host values <c>[B, F, C, H, W]</c> to a tensor <c>[B, C, F, H, W]</c>.</summary>
    public static Tensor ToTransformer(Pass pass, NoiseShape shape, int frames, ReadOnlySpan<float> values, DType type)
    {
        using Scope scope = pass.BeginScope();
        Tensor host = pass.From(new Shape(shape.Samples, frames, shape.Channels, shape.Height, shape.Width), values);
        return scope.Keep(Cast.Forward(pass, Permute.Forward(pass, host, 0, 2, 1, 3, 4), type));
    }

    /// <summary>A tensor <c>[B, C, F, H, W]</c> to host values <c>[B, F, C, H, W]</c>.</summary>
    public static float[] ToHost(Pass pass, Tensor latents)
    {
        using Scope scope = pass.BeginScope();
        return Permute.Forward(pass, latents, 0, 2, 1, 3, 4).ToFloats();
    }

    /// <summary>Host values <c>[B, F, C, H, W]</c> to a tensor <c>[B, F, H, W, C]</c>.</summary>
    public static Tensor ToDecoder(Pass pass, NoiseShape shape, int frames, ReadOnlySpan<float> values, DType type)
    {
        using Scope scope = pass.BeginScope();
        Tensor host = pass.From(new Shape(shape.Samples, frames, shape.Channels, shape.Height, shape.Width), values);
        return scope.Keep(Cast.Forward(pass, Permute.Forward(pass, host, 0, 1, 3, 4, 2), type));
    }

    /// <summary>Some frames of all samples out of host values <c>[B, F, C, H, W]</c>.</summary>
    public static float[] Frames(NoiseShape shape, ReadOnlySpan<float> values, int allFrames, int first, int frames)
    {
        int size = frames * shape.FrameSize;
        var part = new float[shape.Samples * size];
        for (int sample = 0; sample < shape.Samples; sample++)
        {
            values.Slice(((sample * allFrames) + first) * shape.FrameSize, size).CopyTo(part.AsSpan(sample * size));
        }

        return part;
    }

    /// <summary>An encoded text, the same for all samples, <c>[B, S, width]</c>.</summary>
    public static Tensor Text(Pass pass, PromptEmbedding prompt, int samples)
    {
        Tensor text = pass.New(new Shape(samples, prompt.Tokens, prompt.Width));
        for (int sample = 0; sample < samples; sample++)
        {
            using Scope scope = pass.BeginScope();
            pass.Slice(text, sample, 1).CopyFrom(prompt.Values.Span);
        }

        return text;
    }
}
