using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Generation;

public sealed class VideoPipelineStopTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void GenerateAsync_CancelledWithinABlock_StopsBeforeItsEndAndReleasesEverything(bool overlaps)
    {
        using CpuDevice device = new(2, checkMemory: true);
        using WanTransformer transformer = TinyModels.Transformer(device);
        FakeDecoder decoder = new();
        using CancellationTokenSource source = new();
        using VideoPipeline pipeline = new(transformer, () => decoder, TinyModels.Settings with { OverlapsDecoding = overlaps });
        List<GenerationProgress> seen = [];
        Telling progress = new(step =>
        {
            seen.Add(step);
            if (step is { Stage: GenerationStage.Denoise, Block: 1, Step: 1 })
            {
                source.Cancel();
            }
        });
        Assert.ThrowsAny<OperationCanceledException>(
            () => pipeline.GenerateAsync(TinyModels.Request(20), progress, source.Token).ToBlockingEnumerable(CancellationToken.None).Count());
        Assert.Equal((GenerationStage.Denoise, 1, 1), Last(seen.Where(static step => step.Stage == GenerationStage.Denoise)));
        Assert.True(decoder.IsDisposed);
        Assert.Equal(0, device.LiveBytes);

        static (GenerationStage Stage, int Block, int Step) Last(IEnumerable<GenerationProgress> steps) =>
            (steps.Last().Stage, steps.Last().Block, steps.Last().Step);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task GenerateAsync_CancelledBetweenBlocks_ThrowsOnce(bool overlaps)
    {
        using CpuDevice device = new(2, checkMemory: true);
        using WanTransformer transformer = TinyModels.Transformer(device);
        FakeDecoder decoder = new();
        using CancellationTokenSource source = new();
        using VideoPipeline pipeline = new(transformer, () => decoder, TinyModels.Settings with { OverlapsDecoding = overlaps });
        int chunks = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (VideoChunk chunk in pipeline.GenerateAsync(TinyModels.Request(40), null, source.Token))
            {
                chunks++;
                await source.CancelAsync();
            }
        });
        Assert.Equal(1, chunks);
        Assert.True(decoder.IsDisposed);
        Assert.Equal(0, device.LiveBytes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task GenerateAsync_ReaderStopsEarly_EndsThreadsAndCanStartOver(bool overlaps)
    {
        using CpuDevice device = new(2, checkMemory: true);
        using WanTransformer transformer = TinyModels.Transformer(device);
        List<FakeDecoder> decoders = [];
        using VideoPipeline pipeline = new(transformer, Open, TinyModels.Settings with { OverlapsDecoding = overlaps });
        await foreach (VideoChunk chunk in pipeline.GenerateAsync(TinyModels.Request(40)))
        {
            break;
        }

        Assert.True(decoders[0].IsDisposed);
        Assert.Equal(0, device.LiveBytes);
        int calls = decoders[0].Calls;
        float[] again = TinyModels.Latents(TinyModels.Run(pipeline, TinyModels.Request(4)));
        using VideoPipeline fresh = new(transformer, null, TinyModels.Settings);
        Assert.Equal(TinyModels.Latents(TinyModels.Run(fresh, TinyModels.Request(4))), again);
        Assert.Equal(calls, decoders[0].Calls);

        FakeDecoder Open()
        {
            decoders.Add(new FakeDecoder());
            return decoders[^1];
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void GenerateAsync_DecoderFails_SurfacesItsExceptionAndReleasesEverything(bool overlaps)
    {
        using CpuDevice device = new(2, checkMemory: true);
        using WanTransformer transformer = TinyModels.Transformer(device);
        FakeDecoder decoder = new(static call =>
        {
            if (call == 1)
            {
                throw new InvalidDataException("second block");
            }
        });
        using VideoPipeline pipeline = new(transformer, () => decoder, TinyModels.Settings with { OverlapsDecoding = overlaps });
        Assert.Equal("second block", Assert.Throws<InvalidDataException>(() => TinyModels.Run(pipeline, TinyModels.Request(40))).Message);
        Assert.True(decoder.IsDisposed);
        Assert.Equal(0, device.LiveBytes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void GenerateAsync_NoiseFails_SurfacesItsExceptionAfterTheFinishedFrames(bool overlaps)
    {
        using CpuDevice device = new(2, checkMemory: true);
        using WanTransformer transformer = TinyModels.Transformer(device);
        FakeDecoder decoder = new();
        using VideoPipeline pipeline = new(transformer, () => decoder, TinyModels.Settings with { OverlapsDecoding = overlaps });
        Assert.Equal("no noise", Assert.Throws<InvalidDataException>(() => TinyModels.Run(pipeline, TinyModels.Request(40, new FailingNoise(2)))).Message);
        Assert.True(decoder.IsDisposed);
        Assert.Equal(0, device.LiveBytes);
    }

    [Fact]
    public void GenerateAsync_TenThousandLatentFrames_NeedTheMemoryOfAFew()
    {
        const int Blocks = 5000;
        using CpuDevice device = new(1);
        using WanTransformer transformer = TinyModels.Transformer(device);
        List<long> live = [];
        List<long> allocated = [];
        FakeDecoder decoder = new(_ =>
        {
            live.Add(device.LiveBytes);
            allocated.Add(GC.GetAllocatedBytesForCurrentThread());
        });
        using VideoPipeline pipeline = new(transformer, () => decoder, TinyModels.Settings with { OverlapsDecoding = false });
        foreach (VideoChunk chunk in pipeline.GenerateAsync(TinyModels.Request(2 * Blocks)).ToBlockingEnumerable())
        {
            Assert.Equal(2, chunk.Latents.Frames);
        }

        Assert.Equal(Blocks, live.Count);

        // The window is full after three blocks; from then on every block needs what the one before needed.
        Assert.Single(live.Skip(4).Distinct());
        long[] each = [.. allocated.Zip(allocated.Skip(1), static (before, after) => after - before)];
        double early = each.Skip(4).Take(500).Average();
        Assert.InRange(each.TakeLast(500).Average(), 1, 1.02 * early);
        Assert.Equal(0, device.LiveBytes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task GenerateAsync_SlowReader_HoldsTheGenerationUp(bool overlaps)
    {
        using CpuDevice device = new(2);
        using WanTransformer transformer = TinyModels.Transformer(device);
        FakeDecoder decoder = new();
        using VideoPipeline pipeline = new(transformer, () => decoder, TinyModels.Settings with { OverlapsDecoding = overlaps });
        await using IAsyncEnumerator<VideoChunk> reader = pipeline.GenerateAsync(TinyModels.Request(200)).GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync());
        int before = -1;
        while (before != decoder.Calls)
        {
            before = decoder.Calls;
            await Task.Delay(300);
        }

        // One chunk is with the reader, one waits in the channel, one waits to get there.
        Assert.InRange(decoder.Calls, 1, 3);
    }

    [Fact]
    public async Task GenerateAsync_SecondVideoAtTheSameTime_IsRefused()
    {
        using CpuDevice device = new(1);
        using WanTransformer transformer = TinyModels.Transformer(device);
        using VideoPipeline pipeline = new(transformer, null, TinyModels.Settings);
        await using IAsyncEnumerator<VideoChunk> first = pipeline.GenerateAsync(TinyModels.Request(20)).GetAsyncEnumerator();
        Assert.True(await first.MoveNextAsync());
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => TinyModels.Run(pipeline, TinyModels.Request(2)));
        Assert.Contains("one video at a time", error.Message, StringComparison.Ordinal);
    }

    private sealed class FailingNoise(int block) : INoiseSource
    {
        public void Begin(NoiseShape shape)
        {
        }

        public void Initial(int number, int firstFrame, int frames, Span<float> noise)
        {
            if (number == block)
            {
                throw new InvalidDataException("no noise");
            }

            noise.Fill(0.5f);
        }

        public void Renewal(int number, int step, int frames, Span<float> noise) => noise.Fill(-0.5f);

        public void Dispose()
        {
        }
    }
}
