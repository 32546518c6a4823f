using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Whole runs of a model folder, block by block: few steps and a sink that averages, or a solver of many steps with guidance.</summary>
public sealed class CausalRunRunner : GoldenRunner
{
    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => file.Has("in.noise") && file.Has("in.ids") && file.HasConfig("model") && file.HasConfig("num_frame_per_block");

    /// <inheritdoc/>
    public override bool HasNetworks => true;

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        ModelFolder model = ModelFolder.Open(Path.Combine(Path.GetDirectoryName(file.Path)!, file.Config.GetProperty("model").GetString()!));
        PromptEmbedding[] texts = model.EncodeTexts(device, [file.Ints("in.ids"), file.Ints("in.negative_ids")], file.Type, file.Rules);
        using WanTransformer transformer = model.LoadTransformer(device, options: new WanLoadOptions { Weights = file.Rules });
        using WanVae vae = model.LoadVae(device, new VaeOptions { Weights = file.Rules });
        using ReplayNoise noise = new(TensorArchive.Open(file.Path));
        using VideoPipeline pipeline = new(transformer, vae.OpenDecoder, Settings(file.Config) with { Type = file.Type });
        int[] shape = file.ShapeOf("in.noise");
        List<VideoChunk> chunks = pipeline.GenerateAsync(new GenerationRequest
        {
            Prompt = texts[0],
            NegativePrompt = texts[1],
            Noise = noise,
            LatentFrames = shape[1],
            Height = vae.Config.SpatialScale * shape[3],
            Width = vae.Config.SpatialScale * shape[4],
        }).ToBlockingEnumerable().ToList();
        float[] latents = [.. chunks.SelectMany(static chunk => chunk.Latents.Values.ToArray())];
        return FrameBytes.Compare(file, "out.frames_u8", [.. chunks.SelectMany(static chunk => chunk.Rgb24.ToArray())], file.Tolerance("differing_share")).Prepend(file.Compare("out.latents", latents));
    }

    private static GenerationSettings Settings(JsonElement config)
    {
        GenerationSettings settings = new()
        {
            FramesPerBlock = config.GetProperty("num_frame_per_block").GetInt32(),
            TimestepShift = config.GetProperty("timestep_shift").GetSingle(),
            CachePolicy = CachePolicy.RewardForcing with
            {
                WindowFrames = config.GetProperty("local_attn_size").GetInt32(),
                SinkFrames = config.GetProperty("sink_size").GetInt32(),
                SinkAlpha = config.GetProperty("sink_alpha").GetDouble(),
            },
        };
        return config.TryGetProperty("denoising_step_list", out JsonElement steps)
            ? settings with { DenoisingSteps = [.. steps.EnumerateArray().Select(static step => step.GetInt32())], WarpSteps = config.GetProperty("warp_denoising_step").GetBoolean() }
            : settings with
            {
                Sampler = SamplerKind.MultiStepCausal,
                Solver = FlowSolvers.FromName(config.GetProperty("solver").GetString()!),
                Steps = config.GetProperty("steps").GetInt32(),
                Guidance = config.GetProperty("guidance_scale").GetSingle(),
            };
    }
}
