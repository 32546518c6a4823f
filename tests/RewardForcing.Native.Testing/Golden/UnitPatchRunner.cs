using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>From latents to tokens, and from the last tokens back to latents.</summary>
public sealed class UnitPatchRunner : GoldenRunner
{
    private const float Eps = 1e-6f;

    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => !file.Has("in.t") && !file.Has("in.context") && (IsEmbedding(file) || IsHead(file));

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        using CaseTensors tensors = new(file, device);
        Pass pass = tensors.Pass;
        Tensor x = tensors["in.x"];
        if (IsEmbedding(file))
        {
            return [tensors.Compare("out.out", tensors.Linear(Patchify.Forward(pass, x), "patch_embedding")), .. tensors.Gradients()];
        }

        Tensor m = Modulation.Forward(pass, tensors["head.modulation"], tensors["in.e"]);
        Tensor normed = ModulatedLayerNorm.Forward(pass, x, pass.Entry(m, 0), pass.Entry(m, 1), Eps);
        Tensor tokens = tensors.Linear(normed, "head.head");
        (int frames, int height, int width) = (file.Config.GetProperty("F").GetInt32(), file.Config.GetProperty("h").GetInt32(), file.Config.GetProperty("w").GetInt32());
        Tensor latents = Unpatchify.Forward(pass, tokens, frames, height, width);
        return [tensors.Compare("out.tokens", tokens), tensors.Compare("out.out", latents), .. tensors.Gradients()];
    }

    private static bool IsEmbedding(GoldenFile file) => file.Has("in.x") && file.Has("patch_embedding.weight") && file.Has("out.out");

    private static bool IsHead(GoldenFile file) => file.Has("in.e") && file.Has("head.modulation") && file.Has("out.tokens");
}
