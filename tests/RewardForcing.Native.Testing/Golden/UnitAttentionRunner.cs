using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Self-attention and cross-attention of one block with their linear maps; for image-to-video, attention to image rows is added.</summary>
public sealed class UnitAttentionRunner : GoldenRunner
{
    private const float Eps = 1e-6f;
    private const int ImageRows = 257;

    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) =>
        file.Has("in.x") && !file.Has("in.t") && file.Has("out.out") && file.HasConfig("num_heads") && (Has(file, "self_attn") || Has(file, "cross_attn"));

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        using CaseTensors tensors = new(file, device);
        Pass pass = tensors.Pass;
        Tensor x = tensors["in.x"];
        int heads = file.Config.GetProperty("num_heads").GetInt32();
        float scale = 1 / MathF.Sqrt(x.Shape[2] / heads);
        string kind = Has(file, "self_attn") ? "self_attn" : "cross_attn";
        Tensor Normed(Tensor rows, string layer, string norm) =>
            tensors.Heads(RmsNorm.Forward(pass, tensors.Linear(rows, $"{kind}.{layer}"), tensors[$"{kind}.{norm}.weight"], Eps), heads);

        Tensor q = Normed(x, "q", "norm_q");
        Tensor attended;
        if (kind == "self_attn")
        {
            RopeGrid grid = UnitRopeRunner.Grid(file);
            Tensor k = Rope.Forward(pass, Normed(x, "k", "norm_k"), grid);
            Tensor v = tensors.Heads(tensors.Linear(x, "self_attn.v"), heads);
            attended = Attention.Forward(pass, Rope.Forward(pass, q, grid), k, v, scale);
        }
        else
        {
            Tensor context = Context(pass, file, tensors);
            bool image = CaseTensors.Find(file, "cross_attn.k_img.weight") is not null;
            Tensor text = image ? Narrow.Forward(pass, context, 1, ImageRows, context.Shape[1] - ImageRows) : context;
            attended = Attention.Forward(pass, q, Normed(text, "k", "norm_k"), tensors.Heads(tensors.Linear(text, "cross_attn.v"), heads), scale);
            if (image)
            {
                Tensor rows = Narrow.Forward(pass, context, 1, 0, ImageRows);
                Tensor v = tensors.Heads(tensors.Linear(rows, "cross_attn.v_img"), heads);
                attended = Add.Forward(pass, attended, Attention.Forward(pass, q, Normed(rows, "k_img", "norm_k_img"), v, scale));
            }
        }

        return [tensors.Compare("out.out", tensors.Linear(pass.Reshape(attended, x.Shape), $"{kind}.o")), .. tensors.Gradients()];
    }

    private static bool Has(GoldenFile file, string kind) => CaseTensors.Find(file, $"{kind}.q.weight") is not null;

    // Raw text goes through the text embedding first, if the case has it.
    private static Tensor Context(Pass pass, GoldenFile file, CaseTensors tensors)
    {
        Tensor context = tensors["in.context"];
        return file.Has("text_embedding.0.weight")
            ? tensors.Linear(tensors.Linear(context, "text_embedding.0", Activation.GeluTanh), "text_embedding.2")
            : context;
    }
}
