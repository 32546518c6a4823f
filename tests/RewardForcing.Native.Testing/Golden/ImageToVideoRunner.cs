using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>From a picture and token numbers to frames with an image-to-video transformer: the picture's sizes, the vision tower, its latents, a guided solver, frames as bytes.</summary>
public sealed class ImageToVideoRunner : GoldenRunner
{
    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => file.Has("in.picture") && file.Has("in.ids") && file.HasConfig("model") && file.HasConfig("guidance");

    /// <inheritdoc/>
    public override bool HasNetworks => true;

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        List<Comparison> results = [];
        (ModelFolder model, ModelFolder shared) = (Folder(file, "model"), Folder(file, "shared"));
        PromptEmbedding[] texts = shared.EncodeTexts(device, [file.Ints("in.ids"), file.Ints("in.negative_ids")], file.Type, file.Rules);
        results.Add(file.Compare("out.text", texts[0].Values.Span));
        results.Add(file.Compare("out.negative_text", texts[1].Values.Span));

        using WanTransformer transformer = model.LoadTransformer(device, options: new WanLoadOptions { Weights = file.Rules });
        using WanVae vae = shared.LoadVae(device, new VaeOptions { Weights = file.Rules });
        using TensorArchive tower = TensorArchive.Open(model.Find(ModelPart.ClipVision));
        using ClipVision clip = ClipVision.Load(device, ClipVisionConfig.FromShapes(tower), tower, file.Rules);
        int[] extents = file.ShapeOf("in.picture"), noise = file.ShapeOf("in.noise");
        Picture picture = new(extents[1], extents[0], file.Bytes("in.picture"));
        (int height, int width) = ImageGuides.SizeFor(picture, file.Config.GetProperty("height").GetInt32(), file.Config.GetProperty("width").GetInt32());
        results.Add(file.Compare("out.frame", ImageResize.Bicubic(picture.Rgb24, picture.Height, picture.Width, height, width)));
        ImageGuide guide = ImageGuides.Make(vae, clip, picture, (height, width), noise[1], file.Type, CancellationToken.None);
        results.Add(file.Compare("out.y", WithMask(guide.Latents)));
        if (file.Has("out.clip_features"))
        {
            results.Add(file.Compare("out.clip_features", guide.ClipFeatures.Span));
        }

        using ReplayNoise replay = new(TensorArchive.Open(file.Path));
        using VideoPipeline pipeline = new(transformer, vae.OpenDecoder, Settings(file.Config) with { Type = file.Type });
        List<VideoChunk> chunks = pipeline.GenerateAsync(new GenerationRequest
        {
            Prompt = texts[0],
            NegativePrompt = texts[1],
            Noise = replay,
            LatentFrames = noise[1],
            Height = height,
            Width = width,
            Image = guide,
        }).ToBlockingEnumerable().ToList();
        float[] latents = [.. chunks.SelectMany(static chunk => chunk.Latents.Values.ToArray())];
        results.Add(file.Compare("out.latents", latents));
        results.AddRange(FrameBytes.Compare(file, "out.frames_u8", [.. chunks.SelectMany(static chunk => chunk.Rgb24.ToArray())], file.Tolerance("differing_share")));
        return results;
    }

    private static ModelFolder Folder(GoldenFile file, string key) =>
        ModelFolder.Open(Path.Combine(Path.GetDirectoryName(file.Path)!, file.Config.GetProperty(key).GetString()!));

    private static GenerationSettings Settings(JsonElement config) => new()
    {
        Sampler = SamplerKind.Bidirectional,
        Solver = FlowSolvers.FromName(config.GetProperty("solver").GetString()!),
        Steps = config.GetProperty("steps").GetInt32(),
        TimestepShift = config.GetProperty("shift").GetSingle(),
        Guidance = config.GetProperty("guidance").GetSingle(),
    };

    // [F, C, H, W] to [1, 4 + C, F, H, W]: four channels that are 1 on the first frame go before the latents.
    private static float[] WithMask(LatentFrames latents)
    {
        const int Mask = 4;
        int area = latents.Height * latents.Width;
        var y = new float[(Mask + latents.Channels) * latents.Frames * area];
        for (int channel = 0; channel < Mask + latents.Channels; channel++)
        {
            for (int frame = 0; frame < latents.Frames; frame++)
            {
                Span<float> plane = y.AsSpan(((channel * latents.Frames) + frame) * area, area);
                if (channel >= Mask)
                {
                    latents.Values.Span.Slice(((frame * latents.Channels) + channel - Mask) * area, area).CopyTo(plane);
                }
                else if (frame == 0)
                {
                    plane.Fill(1);
                }
            }
        }

        return y;
    }
}
