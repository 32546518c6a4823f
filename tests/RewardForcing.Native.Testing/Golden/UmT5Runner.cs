using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>umT5: the encoder in F32 and BF16, and the table of relative positions.</summary>
public sealed class UmT5Runner : GoldenRunner
{
    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => file.Has("in.relative_position") || (file.Has("in.ids") && file.Has("in.mask") && file.HasConfig("dim_attn"));

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        if (file.Has("in.relative_position"))
        {
            int buckets = file.Config.GetProperty("num_buckets").GetInt32();
            int distance = file.Config.GetProperty("max_distance").GetInt32();
            long[] got = [.. file.Longs("in.relative_position").Select(r => (long)RelativeBuckets.Of((int)r, buckets, distance))];
            return [file.CompareExactly("out.bucket", got)];
        }

        bool rounded = file.Has("out.bf16");
        using TensorArchive archive = file.OpenWeights();
        using UmT5Encoder encoder = UmT5Encoder.Load(device, archive, rules: rounded ? new WeightRules { CastTo = DType.BF16 } : null);
        int[] shape = file.ShapeOf("in.ids");
        int[] ids = file.Ints("in.ids");
        int[][] texts = [.. Enumerable.Range(0, shape[0]).Select(b => ids[(b * shape[1])..((b + 1) * shape[1])])];
        using Pass pass = Pass.Inference(device);
        float[] context = encoder.EncodeContext(pass, texts, shape[1], rounded ? DType.BF16 : DType.F32).ToFloats();

        // The file has a bfloat16 run of the reference too; how far it is from the truth is how far one may be.
        return rounded ? [file.Compare("out.f64", context, file.Tolerance("out.bf16_impl_vs_f64"))] : [file.Compare("out.out", context), .. Gradients(file, device, encoder, texts)];
    }

    // Rows of padding are zeros whatever the weights are, so only those of tokens send gradients.
    private static Comparison[] Gradients(GoldenFile file, Device device, UmT5Encoder encoder, int[][] texts)
    {
        if (!GoldenGradients.In(file).Any())
        {
            return [];
        }

        encoder.Weights.Train(true);

        float[] cotangent = file.Floats("in.grad_out");
        int[] shape = file.ShapeOf("in.grad_out");
        for (int text = 0; text < texts.Length; text++)
        {
            using Pass pass = Pass.Training(device);
            Tensor y = encoder.Encode(pass, texts[text]);
            pass.Backward(y, pass.From<float>(y.Shape, cotangent.AsSpan(text * shape[1] * shape[2], (int)y.Count)));
        }

        return [.. GoldenGradients.Compare(file, string.Empty, name => encoder.Weights[name].Grad?.ToFloats())];
    }
}
