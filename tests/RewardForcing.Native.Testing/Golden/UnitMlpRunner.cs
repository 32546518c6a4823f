using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>The small networks of two linear maps: time, text and image embedding, and the feed-forward of a block.</summary>
public sealed class UnitMlpRunner : GoldenRunner
{
    private const float ImageEps = 1e-5f;

    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => IsTime(file) || IsText(file) || IsImage(file) || IsFeedForward(file);

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        using CaseTensors tensors = new(file, device);
        Pass pass = tensors.Pass;
        if (IsTime(file))
        {
            return Time(pass, file, tensors);
        }

        Tensor y = IsText(file) ? Two(tensors, "in.context", "text_embedding") : IsImage(file) ? Image(pass, tensors) : Two(tensors, "in.x", "ffn");
        return [tensors.Compare("out.out", y), .. tensors.Gradients()];
    }

    private static bool IsTime(GoldenFile file) => file.Has("in.t") && file.Has("out.sinusoid") && file.Has("out.e6") && file.HasConfig("freq_dim");

    private static bool IsText(GoldenFile file) => file.Has("in.context") && file.Has("text_embedding.0.weight") && file.Has("out.out") && !file.Has("in.x");

    private static bool IsImage(GoldenFile file) => file.Has("in.clip_fea") && file.Has("img_emb.proj.1.weight") && file.Has("out.out") && !file.Has("in.x");

    private static bool IsFeedForward(GoldenFile file) =>
        file.Has("in.x") && file.Has("out.out") && !file.Has("in.t") && CaseTensors.Find(file, "ffn.0.weight") is not null && CaseTensors.Find(file, "q.weight") is null;

    private static Tensor Two(CaseTensors tensors, string input, string layer) =>
        tensors.Linear(tensors.Linear(tensors[input], $"{layer}.0", Activation.GeluTanh), $"{layer}.2");

    private static Tensor Image(Pass pass, CaseTensors tensors)
    {
        Tensor y = LayerNorm.Forward(pass, tensors["in.clip_fea"], tensors["img_emb.proj.0.weight"], tensors["img_emb.proj.0.bias"], ImageEps);
        y = tensors.Linear(tensors.Linear(y, "img_emb.proj.1", Activation.GeluErf), "img_emb.proj.3");
        return LayerNorm.Forward(pass, y, tensors["img_emb.proj.4.weight"], tensors["img_emb.proj.4.bias"], ImageEps);
    }

    private static List<Comparison> Time(Pass pass, GoldenFile file, CaseTensors tensors)
    {
        Tensor sinusoid = Sinusoid.Forward(pass, file.Floats("in.t"), file.Config.GetProperty("freq_dim").GetInt32());
        Tensor e = tensors.Linear(tensors.Linear(sinusoid, "time_embedding.0", Activation.Silu), "time_embedding.2");
        Tensor e6 = tensors.Linear(Unary.Forward(pass, e, Activation.Silu), "time_projection.1");
        return [file.Compare("out.sinusoid", sinusoid.ToFloats()), tensors.Compare("out.e", e), tensors.Compare("out.e6", e6), .. tensors.Gradients()];
    }
}
