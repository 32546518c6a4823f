using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Generation;

public sealed class VideoPipelineTests
{
    [Fact]
    public void GenerateAsync_DecodingOverlapped_EqualsSequentialBitForBit()
    {
        using CpuDevice device = new(2, checkMemory: true);
        using WanTransformer transformer = TinyModels.Transformer(device);
        using WanVae vae = TinyModels.Vae(device);
        using VideoPipeline overlapped = new(transformer, vae.OpenDecoder, TinyModels.Settings with { OverlapsDecoding = true });
        using VideoPipeline sequential = new(transformer, vae.OpenDecoder, TinyModels.Settings with { OverlapsDecoding = false });
        List<VideoChunk> first = TinyModels.Run(overlapped, TinyModels.Request(8));
        List<VideoChunk> second = TinyModels.Run(sequential, TinyModels.Request(8));
        Assert.Equal([5, 8, 8, 8], first.Select(static chunk => chunk.Frames));
        Assert.Equal([0, 5, 13, 21], first.Select(static chunk => chunk.FirstFrame));
        Assert.Equal([0, 2, 4, 6], first.Select(static chunk => chunk.FirstLatent));
        Assert.All(first, static chunk => Assert.Equal((chunk.Frames * 32 * 48 * 3, 32, 48), (chunk.Rgb24.Length, chunk.Height, chunk.Width)));
        Assert.Equal(TinyModels.Latents(second), TinyModels.Latents(first));
        Assert.Equal(TinyModels.Pixels(second), TinyModels.Pixels(first));
        Assert.True(TinyModels.Pixels(first).Distinct().Count() > 10);
    }

    [Fact]
    public void GenerateAsync_Bf16_StaysNearF32()
    {
        using CpuDevice device = new(1, checkMemory: true);
        using WanTransformer transformer = TinyModels.Transformer(device);
        using VideoPipeline exact = new(transformer, null, TinyModels.Settings);
        using VideoPipeline rounded = new(transformer, null, TinyModels.Settings with { Type = DType.BF16 });
        float[] latents = TinyModels.Latents(TinyModels.Run(rounded, TinyModels.Request(4)));
        Assert.All(latents, static value => Assert.Equal((float)(BFloat16)value, value));
        TinyModels.AssertClose(TinyModels.Latents(TinyModels.Run(exact, TinyModels.Request(4))), latents, 0.05);
    }

    [Fact]
    public void GenerateAsync_IndependentFirstFrame_MakesItABlockOfItsOwn()
    {
        using CpuDevice device = new(1);
        using WanTransformer transformer = TinyModels.Transformer(device);
        using VideoPipeline pipeline = new(transformer, static () => new FakeDecoder(), TinyModels.Settings with { IndependentFirstFrame = true });
        List<VideoChunk> chunks = TinyModels.Run(pipeline, TinyModels.Request(5));
        Assert.Equal([1, 8, 8], chunks.Select(static chunk => chunk.Frames));
        List<VideoChunk> fromImage = TinyModels.Run(pipeline, TinyModels.Request(4) with { Given = TinyModels.Given(1) });
        Assert.Equal([-1, 0, 1], fromImage.Select(static chunk => chunk.Block));
        Assert.Equal(TinyModels.Given(1).Values.ToArray(), fromImage[0].Latents.Values.ToArray());
    }

    [Fact]
    public void GenerateAsync_ExtensionOfAnExtension_EqualsOneVideo()
    {
        using CpuDevice device = new(1);
        using WanTransformer transformer = TinyModels.Transformer(device);
        using VideoPipeline pipeline = new(transformer, null, TinyModels.Settings);
        float[] whole = TinyModels.Latents(TinyModels.Run(pipeline, TinyModels.Request(10)));
        float[] start = TinyModels.Latents(TinyModels.Run(pipeline, TinyModels.Request(4)));
        float[] middle = TinyModels.Latents(TinyModels.Run(pipeline, Continued(start, 4, 2)));
        float[] end = TinyModels.Latents(TinyModels.Run(pipeline, Continued(middle, 2, 4)));
        Assert.Equal(whole.Length, end.Length);
        TinyModels.AssertClose(whole, end, 1e-6);

        static GenerationRequest Continued(float[] latents, int frames, int firstBlock) =>
            TinyModels.Request(frames, new RecordingNoise(new PhiloxNoise(11), firstBlock)) with
            {
                Given = new LatentFrames(latents.Length / (16 * 4 * 6), 16, 4, 6, latents),
            };
    }

    [Fact]
    public void GenerateAsync_ReplayedNoise_EqualsRecordedRun()
    {
        string path = Path.Combine(Path.GetTempPath(), $"rf-{Guid.NewGuid():N}.safetensors");
        try
        {
            using CpuDevice device = new(1);
            using WanTransformer transformer = TinyModels.Transformer(device);
            using VideoPipeline pipeline = new(transformer, null, TinyModels.Settings);
            using RecordingNoise recorder = new(new TorchCpuNoise(new TorchCpuRandom(3)));
            float[] recorded = TinyModels.Latents(TinyModels.Run(pipeline, TinyModels.Request(6, recorder)));
            Assert.Equal(6, recorder.Draws);
            recorder.Save(path);
            using ReplayNoise replay = new(TensorArchive.Open(path));
            Assert.Equal(recorded, TinyModels.Latents(TinyModels.Run(pipeline, TinyModels.Request(6, replay))));
            ModelFormatException missing = Assert.Throws<ModelFormatException>(() => TinyModels.Run(
                new VideoPipeline(transformer, null, TinyModels.Settings with { DenoisingSteps = [1000, 750, 500] }), TinyModels.Request(6, replay)));
            Assert.Contains("in.block0.renoise1 is missing", missing.Message, StringComparison.Ordinal);
            ModelFormatException longer = Assert.Throws<ModelFormatException>(() => TinyModels.Run(pipeline, TinyModels.Request(8, replay)));
            Assert.Contains("in.noise must be [1, at least 8, 16, 4, 6]", longer.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void GenerateAsync_SamplesTogether_EqualSamplesOneByOne()
    {
        using CpuDevice device = new(1);
        using WanTransformer transformer = TinyModels.Transformer(device);
        using VideoPipeline pipeline = new(transformer, static () => new FakeDecoder(), TinyModels.Settings);
        List<VideoChunk> both = TinyModels.Run(pipeline, TinyModels.Request(4) with { Samples = 2, Given = TinyModels.Given(2) });
        Assert.Equal([0, 1, 0, 1, 0, 1], both.Select(static chunk => chunk.Sample));
        for (int sample = 0; sample < 2; sample++)
        {
            List<VideoChunk> alone = TinyModels.Run(pipeline, TinyModels.Request(4, new PhiloxNoise(11, 0, sample)) with { Given = TinyModels.Given(2) });
            TinyModels.AssertClose(TinyModels.Latents(alone), TinyModels.Latents(both.Where(chunk => chunk.Sample == sample)), 1e-5);
        }
    }

    [Fact]
    public void GenerateAsync_CausalWithManySteps_GuidesAndRemembersBothPrompts()
    {
        using CpuDevice device = new(1, checkMemory: true);
        using WanTransformer transformer = TinyModels.Transformer(device);
        GenerationSettings settings = TinyModels.Settings with { Sampler = SamplerKind.MultiStepCausal, Steps = 4 };
        float[] Latents(float guidance, PromptEmbedding? negative)
        {
            using VideoPipeline pipeline = new(transformer, null, settings with { Guidance = guidance });
            return TinyModels.Latents(TinyModels.Run(pipeline, TinyModels.Request(6) with { NegativePrompt = negative }));
        }

        float[] plain = Latents(1, null);

        // Guidance away from the prompt itself changes nothing.
        TinyModels.AssertClose(plain, Latents(3, TinyModels.Prompt()), 1e-4);
        float[] guided = Latents(3, TinyModels.Prompt(2));
        Assert.True(Testing.Golden.GoldenFile.Distance(plain, guided) > 1e-3);
        Assert.All(guided, static value => Assert.True(float.IsFinite(value)));
        Assert.Equal(0, device.LiveBytes);
    }

    [Theory]
    [InlineData(SolverKind.UniPc)]
    [InlineData(SolverKind.DpmPlusPlus)]
    [InlineData(SolverKind.Euler)]
    public void GenerateAsync_WholeVideo_GuidesWithEverySolver(SolverKind solver)
    {
        using CpuDevice device = new(1, checkMemory: true);
        using WanTransformer transformer = TinyModels.Transformer(device);
        GenerationSettings settings = new() { Sampler = SamplerKind.Bidirectional, Solver = solver, Steps = 5, Guidance = 4 };
        List<GenerationProgress> steps = [];
        using VideoPipeline pipeline = new(transformer, static () => new FakeDecoder(), settings);
        GenerationRequest request = TinyModels.Request(7) with { NegativePrompt = TinyModels.Prompt(2, 0) };
        List<VideoChunk> chunks = [.. pipeline.GenerateAsync(request, new Telling(steps.Add)).ToBlockingEnumerable()];
        Assert.Equal([9, 12, 4], chunks.Select(static chunk => chunk.Frames));
        Assert.Equal([1, 2, 3, 4, 5], steps.Where(static step => step.Stage == GenerationStage.Denoise).Select(static step => step.Step));
        Assert.All(TinyModels.Latents(chunks), static value => Assert.True(float.IsFinite(value)));
        Assert.Equal(0, device.LiveBytes);
    }

    [Fact]
    public void GenerateAsync_WholeVideoInFewSteps_NeverRunsTheLastStepOfTheList()
    {
        using CpuDevice device = new(1);
        using WanTransformer transformer = TinyModels.Transformer(device);
        GenerationSettings settings = new() { Sampler = SamplerKind.FewStepBidirectional, DenoisingSteps = [1000, 750, 500, 250] };
        List<GenerationProgress> steps = [];
        using RecordingNoise noise = new(new PhiloxNoise(1));
        using VideoPipeline pipeline = new(transformer, null, settings);
        Assert.Single(pipeline.GenerateAsync(TinyModels.Request(3, noise), new Telling(steps.Add)).ToBlockingEnumerable());
        Assert.Equal([1, 2, 3], steps.Where(static step => step.Stage == GenerationStage.Denoise).Select(static step => step.Step));
        Assert.Equal(3, noise.Draws);
    }

    [Fact]
    public void Report_AfterAVideo_CountsBlocksAndNamesWhatIsCounted()
    {
        using CpuDevice device = new(1);
        using WanTransformer transformer = TinyModels.Transformer(device);
        using VideoPipeline pipeline = new(transformer, static () => new FakeDecoder(), TinyModels.Settings);
        Assert.Null(pipeline.Report);
        TinyModels.Run(pipeline, TinyModels.Request(6) with { Given = TinyModels.Given(2) });
        GenerationReport report = pipeline.Report! with { LoadSeconds = 2 };
        Assert.Equal([-1, 0, 1, 2], report.Blocks.Select(static block => block.Block));
        Assert.Equal([5, 8, 8, 8], report.Blocks.Select(static block => block.Frames));
        Assert.Equal(29, report.Frames);
        Assert.True(report.Blocks[1].CachePassSeconds > 0);
        Assert.Equal(0, report.Blocks[3].CachePassSeconds);
        Assert.True(report.FirstFrameSeconds > 0 && report.FirstFrameSeconds <= report.GenerationSeconds);
        Assert.True(report.PeakDeviceBytes > 0 && report.PeakProcessBytes > 0);
        Assert.True(report.EndToEndFramesPerSecondWithLoading < report.EndToEndFramesPerSecond);
        using MemoryStream stream = new();
        report.WriteJson(stream);
        System.Text.Json.JsonElement json = System.Text.Json.JsonDocument.Parse(stream.ToArray()).RootElement;
        Assert.Equal(29 / json.GetProperty("generation_seconds_without_load_and_text").GetDouble(), json.GetProperty("end_to_end_frames_per_second").GetDouble(), 6);
        Assert.Equal(4, json.GetProperty("blocks").GetArrayLength());
    }
}
