using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>From token numbers to frames, through the pipeline users call: text, given image or video, every block's latents, frames as bytes.</summary>
public sealed class EndToEndRunner : GoldenRunner
{
    private const double DifferingBytes = 1e-3;

    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) =>
        file.Has("in.noise") && file.Has("in.ids") && file.Has("out.latents") && file.HasConfig("dit") && file.HasConfig("vae") && file.HasConfig("t5");

    /// <inheritdoc/>
    public override bool HasNetworks => true;

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        List<Comparison> results = [];
        PromptEmbedding prompt = Text(file, device, results);
        using WanVae vae = Open(file, "decoder.conv1.weight", archive => WanVae.Load(device, archive, options: new VaeOptions { Weights = file.Rules }));
        WanConfig config = WanConfig.FromJson(JsonPart.Of(file.Path, file.Config.GetProperty("dit")));
        using WanTransformer transformer = Open(file, "patch_embedding.weight", archive => WanTransformer.Load(device, config, archive, new WanLoadOptions { Weights = file.Rules }));
        LatentFrames? given = Given(file, vae, results);
        GenerationRequest request = new()
        {
            Prompt = prompt,
            Noise = new ReplayNoise(TensorArchive.Open(file.Path)),
            LatentFrames = file.ShapeOf("in.noise")[1],
            Height = vae.Config.SpatialScale * file.ShapeOf("in.noise")[3],
            Width = vae.Config.SpatialScale * file.ShapeOf("in.noise")[4],
            Given = given,
        };
        using INoiseSource noise = request.Noise;
        using VideoPipeline pipeline = new(transformer, vae.OpenDecoder, Settings(file.Config) with { Type = file.Type });
        List<VideoChunk> chunks = pipeline.GenerateAsync(request).ToBlockingEnumerable().ToList();
        Latents(file, chunks, results);
        results.AddRange(FrameBytes.Compare(file, "out.frames_u8", [.. chunks.SelectMany(static chunk => chunk.Rgb24.ToArray())], DifferingBytes));
        Video(file, device, vae, results);
        return results;
    }

    private static GenerationSettings Settings(JsonElement config)
    {
        bool Flag(string key) => config.TryGetProperty(key, out JsonElement value) && value.GetBoolean();
        string mode = config.TryGetProperty("mode", out JsonElement name) ? name.GetString()! : "reward-forcing";
        return new GenerationSettings
        {
            DenoisingSteps = [.. config.GetProperty("denoising_step_list").EnumerateArray().Select(static step => step.GetInt32())],
            WarpSteps = Flag("warp_denoising_step"),
            TimestepShift = config.GetProperty("timestep_shift").GetSingle(),
            FramesPerBlock = config.GetProperty("num_frame_per_block").GetInt32(),
            IndependentFirstFrame = Flag("independent_first_frame"),
            ContextTimestep = config.TryGetProperty("context_noise", out JsonElement context) ? context.GetSingle() : 0,
            CachePolicy = CachePolicy.FromName(mode.Replace('_', '-')) with
            {
                WindowFrames = config.GetProperty("local_attn_size").GetInt32(),
                SinkFrames = config.GetProperty("sink_size").GetInt32(),
            },
        };
    }

    private static T Open<T>(GoldenFile file, string tensor, Func<TensorArchive, T> load)
    {
        foreach (string path in file.WeightsFiles)
        {
            using TensorArchive archive = TensorArchive.Open(path);
            if (archive.TryGet(tensor, out _))
            {
                return load(archive);
            }
        }

        throw new FileNotFoundException($"{file.Name}: none of its weight files holds {tensor}.");
    }

    private static PromptEmbedding Text(GoldenFile file, Device device, List<Comparison> results)
    {
        using UmT5Encoder encoder = Open(file, "token_embedding.weight", archive => UmT5Encoder.Load(device, archive, rules: file.Rules));
        int[] ids = file.Ints("in.ids");
        PromptEmbedding prompt = TextEncoding.Encode(encoder, [ids], file.Type)[0];
        var padded = new float[file.Floats("out.text").Length];
        prompt.Values.Span.CopyTo(padded);
        results.Add(file.Compare("out.text", padded, file.Tolerance("text")));
        return prompt;
    }

    private static LatentFrames? Given(GoldenFile file, WanVae vae, List<Comparison> results)
    {
        string? input = new[] { "in.image", "in.video" }.FirstOrDefault(file.Has);
        if (input is null)
        {
            return null;
        }

        // [1, 3, T, H, W] to [T, H, W, 3].
        int[] shape = file.ShapeOf(input);
        float[] pixels = file.Floats(input);
        int positions = shape[2] * shape[3] * shape[4];
        var video = new float[pixels.Length];
        for (int i = 0; i < video.Length; i++)
        {
            video[i] = pixels[(i % 3 * positions) + (i / 3)];
        }

        LatentFrames given = LatentEncoding.Encode(vae, video, shape[2], shape[3], shape[4], file.Type);
        results.Add(file.Compare("out.initial_latent", given.Values.Span, file.Tolerance("latents", 4e-6)));
        return given;
    }

    private static void Latents(GoldenFile file, List<VideoChunk> chunks, List<Comparison> results)
    {
        double tolerance = file.Tolerance("latents", 4e-6);
        foreach (VideoChunk chunk in chunks.Where(static chunk => chunk.Block >= 0))
        {
            results.Add(file.Compare($"out.block{chunk.Block}.latent", chunk.Latents.Values.Span, tolerance));
        }

        float[] all = [.. chunks.SelectMany(static chunk => chunk.Latents.Values.ToArray())];
        results.Add(file.Compare("out.latents", all, tolerance));
    }

    // Float frames of the reference latents, decoded at once: frames are bytes in the pipeline.
    private static void Video(GoldenFile file, Device device, WanVae vae, List<Comparison> results)
    {
        using Pass pass = Pass.Inference(device);
        Tensor latents = WanGolden.Input(pass, file, "out.latents");
        Tensor video = vae.Decode(pass, Permute.Forward(pass, latents, 0, 1, 3, 4, 2));
        float[] pixels = Array.ConvertAll(Permute.Forward(pass, video, 0, 1, 4, 2, 3).ToFloats(), static value => Math.Clamp((0.5f * value) + 0.5f, 0, 1));
        double tolerance = file.Tolerance("video", 4e-6);
        int first = file.Floats("out.video_first2").Length;
        int last = file.Floats("out.video_last1").Length;
        results.Add(file.Compare("out.video_first2", pixels.AsSpan(0, first), tolerance));
        results.Add(file.Compare("out.video_last1", pixels.AsSpan(pixels.Length - last), tolerance));
    }
}
