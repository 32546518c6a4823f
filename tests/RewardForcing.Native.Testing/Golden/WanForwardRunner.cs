using System.Text.Json;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Whole-video forward passes: bidirectional text-to-video and image-to-video, and the masked training forward of causal models.</summary>
public sealed class WanForwardRunner : GoldenRunner
{
    private const double Tolerance = 2e-6;

    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) =>
        WanGolden.IsTransformer(file) && file.Has("in.x") && file.Has("in.t") && file.Has("out.out") && file.ShapeOf("in.x").Length == 5;

    /// <inheritdoc/>
    public override bool HasNetworks => true;

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        using WanTransformer model = WanGolden.Load(file, device);
        using CaseTensors tensors = new(file, device);
        tensors.Train(model.Weights);

        Tensor x = tensors.Input("in.x");
        ImageCondition? image = file.Has("in.clip_fea") ? new ImageCondition(tensors["in.clip_fea"], tensors["in.y"]) : null;
        TrainingMask? mask = file.Config.TryGetProperty("num_frame_per_block", out JsonElement block) ? Mask(tensors, file, block.GetInt32()) : null;
        Tensor y = model.Forward(tensors.Pass, x, file.Floats("in.t"), tensors["in.context"], image, mask);
        List<Comparison> results = [tensors.Compare("out.out", y, Tolerance)];
        if (mask is not null && file.Has("out.mask"))
        {
            int frames = x.Shape[2];
            results.Add(WanMaskRunner.Compare(file, "out.mask", mask.Attention(frames, x.Shape[3] / 2 * (x.Shape[4] / 2))));
        }

        results.AddRange(tensors.Gradients(name => model.Weights.Contains(name) ? model.Weights[name] : null));
        return results;
    }

    private static TrainingMask Mask(CaseTensors tensors, GoldenFile file, int framesPerBlock) => new()
    {
        FramesPerBlock = framesPerBlock,
        LocalFrames = file.Config.TryGetProperty("local_attn_size", out JsonElement local) && local.ValueKind == JsonValueKind.Number ? local.GetInt32() : -1,
        IndependentFirstFrame = file.Config.TryGetProperty("independent_first_frame", out JsonElement first) && first.GetBoolean(),
        CleanX = file.Has("in.clean_x") ? tensors.Input("in.clean_x") : null,
        CleanTimesteps = file.Has("in.aug_t") ? file.Floats("in.aug_t") : default,
    };
}
