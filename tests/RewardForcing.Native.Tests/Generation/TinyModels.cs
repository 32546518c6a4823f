using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Tests.Models;
using Xunit;

namespace RewardForcing.Native.Tests.Generation;

/// <summary>Random networks small enough to run whole generations in milliseconds.</summary>
internal static class TinyModels
{
    public static WanConfig Config { get; } = new()
    {
        Dim = 24,
        FfnDim = 32,
        Heads = 2,
        Layers = 2,
        FreqDim = 16,
        TextDim = 8,
        TextTokens = 4,
    };

    public static CachePolicy Policy { get; } = CachePolicy.RewardForcing with { WindowFrames = 5, SinkFrames = 1 };

    public static GenerationSettings Settings { get; } = new() { DenoisingSteps = [1000, 500], FramesPerBlock = 2, CachePolicy = Policy };

    public static WanTransformer Transformer(Device device) => WanTransformer.Load(device, Config, MemoryArchive.Random(Config.Parameters(), 5));

    public static WanVae Vae(Device device)
    {
        VaeConfig config = VaeConfig.Wan21 with { Dim = 2, ResidualBlocks = 1 };
        return WanVae.Load(device, MemoryArchive.Random(WanVae.Declare(config), 6), config);
    }

    public static PromptEmbedding Prompt(int seed = 1, int tokens = 3) => new(tokens, Config.TextDim, Numbers(seed, tokens * Config.TextDim));

    public static GenerationRequest Request(int latentFrames, INoiseSource? noise = null) => new()
    {
        Prompt = Prompt(),
        Noise = noise ?? new PhiloxNoise(11),
        LatentFrames = latentFrames,
        Height = 32,
        Width = 48,
    };

    public static LatentFrames Given(int frames, int seed = 9) => new(frames, 16, 4, 6, Numbers(seed, frames * 16 * 4 * 6));

    public static float[] Numbers(int seed, int count)
    {
        var values = new float[count];
        Philox.Normals(values, 0, 0, 99, (ulong)seed);
        return values;
    }

    public static List<VideoChunk> Run(VideoPipeline pipeline, GenerationRequest request, CancellationToken cancellation = default) =>
        [.. pipeline.GenerateAsync(request, null, cancellation).ToBlockingEnumerable(CancellationToken.None)];

    public static float[] Latents(IEnumerable<VideoChunk> chunks) => [.. chunks.SelectMany(static chunk => chunk.Latents.Values.ToArray())];

    public static byte[] Pixels(IEnumerable<VideoChunk> chunks) => [.. chunks.SelectMany(static chunk => chunk.Rgb24.ToArray())];

    public static void AssertClose(float[] expected, float[] actual, double tolerance)
    {
        double error = Testing.Golden.GoldenFile.Distance(expected, actual);
        Assert.True(error <= tolerance, $"relative error {error}");
    }
}
