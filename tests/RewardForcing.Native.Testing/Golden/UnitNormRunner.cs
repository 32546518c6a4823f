using System.Text.Json;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>The norms of a transformer block alone, and the modulation around them.</summary>
public sealed class UnitNormRunner : GoldenRunner
{
    private const float Eps = 1e-6f;

    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) =>
        file.Has("in.x") && !file.Has("in.context") && !file.Has("in.rope") && (IsModulation(file) || (file.Has("out.out") && (IsRms(file) || IsLayer(file))));

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        using CaseTensors tensors = new(file, device);
        Pass pass = tensors.Pass;
        Tensor x = tensors["in.x"];
        float eps = file.Config.ValueKind == JsonValueKind.Object && file.Config.TryGetProperty("eps", out JsonElement value) ? value.GetSingle() : Eps;
        if (IsModulation(file))
        {
            return Modulated(pass, tensors, x, eps);
        }

        Tensor y = IsRms(file)
            ? RmsNorm.Forward(pass, x, tensors["norm_q.weight"], eps)
            : LayerNorm.Forward(pass, x, tensors["norm3.weight"], tensors["norm3.bias"], eps);
        return [tensors.Compare("out.out", y), .. tensors.Gradients()];
    }

    private static bool IsModulation(GoldenFile file) => file.Has("in.e6") && file.Has("out.premod_attn") && file.Has("out.gated_ffn");

    private static bool IsRms(GoldenFile file) => CaseTensors.Find(file, "norm_q.weight") is not null && CaseTensors.Find(file, "q.weight") is null;

    private static bool IsLayer(GoldenFile file) => CaseTensors.Find(file, "norm3.weight") is not null && CaseTensors.Find(file, "q.weight") is null;

    private static List<Comparison> Modulated(Pass pass, CaseTensors tensors, Tensor x, float eps)
    {
        Tensor y = tensors["in.y"];
        Tensor m = Modulation.Forward(pass, tensors["modulation"], tensors["in.e6"]);
        return
        [
            tensors.Compare("out.ln", LayerNorm.Forward(pass, x, null, null, eps)),
            tensors.Compare("out.premod_attn", ModulatedLayerNorm.Forward(pass, x, pass.Entry(m, 0), pass.Entry(m, 1), eps)),
            tensors.Compare("out.premod_ffn", ModulatedLayerNorm.Forward(pass, x, pass.Entry(m, 3), pass.Entry(m, 4), eps)),
            tensors.Compare("out.gated_attn", GatedResidual.Forward(pass, x, y, pass.Entry(m, 2))),
            tensors.Compare("out.gated_ffn", GatedResidual.Forward(pass, x, y, pass.Entry(m, 5))),
            .. tensors.Gradients(),
        ];
    }
}
