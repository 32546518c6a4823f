using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>The rounding points of everything in bfloat16: nearly all values equal bit for bit, the rest one unit in the last place away.</summary>
public sealed class Bf16OpsRunner : GoldenRunner
{
    private const float Eps = 1e-6f;
    private const long RopeStart = 4;

    // Sums in another order and another exponential may tip a value that lies on the edge between two.
    private const double DifferingShare = 0.005;
    private const float SmallestShare = 1f / 65536;
    private const int FractionBits = 7;

    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => file.Has("in.rope") && file.Has("in.gelu") && file.Has("in.vae_x");

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        using CaseTensors tensors = new(file, device);
        Pass pass = tensors.Pass;
        (Tensor x, Tensor e6) = (tensors["in.x"], tensors["in.e6"]);
        Tensor m = Modulation.Forward(pass, tensors["modulation"], e6);
        RopeGrid grid = UnitRopeRunner.Grid(file) with { StartFrame = RopeStart };
        Tensor gelu = tensors["in.gelu"];
        Tensor vae = Permute.Forward(pass, tensors["in.vae_x"], 0, 2, 3, 4, 1);
        Tensor ones = Cast.Forward(pass, pass.From<float>(gelu.Shape, Enumerable.Repeat(1f, (int)gelu.Count).ToArray()), DType.BF16);
        List<(string Name, Tensor Value)> results =
        [
            ("out.m", Permute.Forward(pass, m, 1, 2, 0, 3)),
            ("out.ln", LayerNorm.Forward(pass, x, null, null, Eps)),
            ("out.premod_attn", ModulatedLayerNorm.Forward(pass, x, pass.Entry(m, 0), pass.Entry(m, 1), Eps)),
            ("out.gated_attn", GatedResidual.Forward(pass, x, tensors["in.y"], pass.Entry(m, 2))),
            ("out.rmsnorm", RmsNorm.Forward(pass, x, tensors["norm_q.weight"], Eps)),
            ("out.rope_start4", Rope.Forward(pass, tensors["in.rope"], grid)),
            ("out.gelu_tanh_fp32_inside", Unary.Forward(pass, gelu, Activation.GeluTanh)),
            ("out.gelu_t5", GatedGelu.Forward(pass, gelu, ones)),
            ("out.sinusoid", Sinusoid.Forward(pass, file.Floats("in.t"), file.ShapeOf("out.sinusoid")[1], DType.BF16)),
            ("out.vae_rms_norm", Permute.Forward(pass, ChannelRmsNorm.Forward(pass, vae, tensors["vae.gamma"]), 0, 4, 1, 2, 3)),
        ];
        Scale(pass, device, tensors, results);
        Constants(pass, results);
        return [.. results.SelectMany(result => Compare(file, result.Name, result.Value))];
    }

    private static void Scale(Pass pass, Device device, CaseTensors tensors, List<(string Name, Tensor Value)> results)
    {
        Tensor latent = Permute.Forward(pass, tensors["in.latent"], 0, 2, 3, 4, 1);
        Tensor Back(Tensor x) => Permute.Forward(pass, x, 0, 4, 1, 2, 3);
        using LatentScale scale = new(device, new VaeConfig(), VaeScaleMode.Bf16Exact);
        results.Add(("out.vae_norm", Back(scale.Normalise(pass, latent))));
        results.Add(("out.vae_denorm", Back(scale.Denormalise(pass, latent))));
    }

    private static void Constants(Pass pass, List<(string Name, Tensor Value)> results)
    {
        VaeConfig config = new();
        Tensor Row(IEnumerable<float> values) => Cast.Forward(pass, pass.From<float>(new Shape(config.LatentChannels), values.ToArray()), DType.BF16);
        results.Add(("out.vae_mean_bf16", Row(config.LatentMean)));
        results.Add(("out.vae_inv_std_bf16", Row(config.LatentStd.Select(static std => 1f / (float)(BFloat16)std))));
    }

    private static Comparison[] Compare(GoldenFile file, string name, Tensor actual)
    {
        float[] expected = file.Floats(name);
        float[] got = actual.ToFloats();
        if (expected.Length != got.Length)
        {
            return [new Comparison(name, double.PositiveInfinity, 1)];
        }

        // Where 1 + tanh cancels, the last bit of a float decides about everything: below this size the spacing counts, not the bits.
        float smallest = MathF.Max(expected.Max(MathF.Abs) * SmallestShare, 1e-30f);
        (double worst, int differing) = (0, 0);
        for (int i = 0; i < expected.Length; i++)
        {
            double spacing = Math.ScaleB(1, Math.ILogB(Math.Max(MathF.Abs(expected[i]), smallest)) - FractionBits);
            double distance = Math.Abs((double)expected[i] - got[i]) / spacing;
            worst = double.IsNaN(distance) ? double.PositiveInfinity : Math.Max(worst, distance);
            differing += expected[i] == got[i] ? 0 : 1;
        }

        return [new Comparison($"{name} (units)", worst, 1), new Comparison($"{name} (share)", (double)differing / expected.Length, DifferingShare)];
    }
}
