using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Generation;

public sealed class RequestCheckTests
{
    public static TheoryData<string, string> Requests { get; } = new()
    {
        { "height", "height and width must be multiples of 16 pixels, got 40 x 48" },
        { "frames", "number of latent frames to generate must be a multiple of 2, got 5" },
        { "none", "at least 1 latent frame must be generated, got 0" },
        { "samples", "number of samples must be from 1 to 65535, got 0" },
        { "width", "the prompt must be 8 wide for this transformer, got 6" },
        { "tokens", "the prompt must have at most 4 tokens, got 5" },
        { "image", "number of latent frames given must be a multiple of 2 (a single image needs independent_first_frame), got 1" },
        { "size", "given latents must be 16 x 4 x 6 for 32 x 48 pixels, got 16 x 6 x 4" },
        { "guide", "this transformer takes no image" },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public void GenerateAsync_ImpossibleRequest_IsRefusedInOneSentenceBeforeAnythingRuns(string what, string sentence)
    {
        using CpuDevice device = new(1);
        using WanTransformer transformer = TinyModels.Transformer(device);
        using VideoPipeline pipeline = new(transformer, null, TinyModels.Settings);
        GenerationRequest good = TinyModels.Request(4);
        GenerationRequest request = what switch
        {
            "height" => good with { Height = 40 },
            "frames" => good with { LatentFrames = 5 },
            "none" => good with { LatentFrames = 0 },
            "samples" => good with { Samples = 0 },
            "width" => good with { Prompt = new PromptEmbedding(1, 6, new float[6]) },
            "tokens" => good with { Prompt = TinyModels.Prompt(1, 5) },
            "image" => good with { Given = TinyModels.Given(1) },
            "size" => good with { Given = new LatentFrames(2, 16, 6, 4, new float[2 * 16 * 24]) },
            _ => good with { Image = new ImageGuide(default, TinyModels.Given(4)) },
        };
        string message = Assert.Throws<ArgumentException>(() => pipeline.GenerateAsync(request)).Message;
        Assert.Contains(sentence, message, StringComparison.Ordinal);
    }

    [Fact]
    public void GenerateAsync_GuidanceWithoutNegativePrompt_IsRefused()
    {
        using CpuDevice device = new(1);
        using WanTransformer transformer = TinyModels.Transformer(device);
        using VideoPipeline pipeline = new(transformer, null, TinyModels.Settings with { Sampler = SamplerKind.Bidirectional });
        Assert.Contains("needs a negative prompt", Assert.Throws<ArgumentException>(() => pipeline.GenerateAsync(TinyModels.Request(3))).Message, StringComparison.Ordinal);
        GenerationRequest given = TinyModels.Request(3) with { NegativePrompt = TinyModels.Prompt(), Given = TinyModels.Given(1) };
        Assert.Contains("cannot start from them", Assert.Throws<ArgumentException>(() => pipeline.GenerateAsync(given)).Message, StringComparison.Ordinal);
    }

    public static TheoryData<GenerationSettings, string> Settings { get; } = new()
    {
        { new GenerationSettings { DenoisingSteps = [] }, "denoising step list" },
        { new GenerationSettings { DenoisingSteps = [1000, 1200] }, "denoising step list" },
        { new GenerationSettings { DenoisingSteps = [0] }, "denoising step list" },
        { new GenerationSettings { Sampler = SamplerKind.FewStepBidirectional, DenoisingSteps = [1000, 0] }, "needs at least two" },
        { new GenerationSettings { Sampler = SamplerKind.MultiStepCausal, Steps = 0 }, "number of steps must be at least 1" },
        { new GenerationSettings { Sampler = SamplerKind.Bidirectional, Guidance = float.NaN }, "guidance must be a number" },
        { new GenerationSettings { ContextTimestep = 1001 }, "context noise" },
        { new GenerationSettings { FramesPerBlock = 0 }, "at least 1 latent frame" },
        { new GenerationSettings { Type = DType.F16 }, "F32 or BF16" },
    };

    [Theory]
    [MemberData(nameof(Settings))]
    public void Validate_ImpossibleSettings_AreRefused(GenerationSettings settings, string sentence) =>
        Assert.Contains(sentence, Assert.Throws<ArgumentException>(settings.Validate).Message, StringComparison.Ordinal);

    [Fact]
    public void FewStepTimesteps_TrailingZero_IsIgnored()
    {
        FlowMatchSchedule schedule = new(8);
        GenerationSettings settings = new() { DenoisingSteps = [1000, 750, 500, 250, 0], TimestepShift = 8 };
        Assert.Equal(schedule.Warp([1000, 750, 500, 250]), settings.FewStepTimesteps(schedule));
        Assert.Equal([1000, 757, 522], (settings with { DenoisingSteps = [1000, 757, 522, 0], WarpSteps = false }).FewStepTimesteps(schedule));
    }
}
