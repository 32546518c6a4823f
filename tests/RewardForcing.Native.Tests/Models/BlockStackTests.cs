using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing.Simulation;
using RewardForcing.Native.Tests.Cuda;
using Xunit;

namespace RewardForcing.Native.Tests.Models;

public sealed class BlockStackTests
{
    private static readonly WeightRules Streamed = new() { StreamsBlocks = true };

    // Work in any order that queues and marks allow: a mark too few changes bits, or is found as work on the same memory that nothing orders.
    private static SimulatedDriver NewDriver(params InjectedFailure[] failures) => new(new SimulatedDriverOptions
    {
        Deferred = true,
        Execution = new SimulationOptions { Checked = true, Shuffle = true, Seed = 3 },
        Failures = failures,
    });

    [NvrtcTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Forward_BlocksStreamed_EqualsAllOnTheDevice(int layers)
    {
        using SimulatedDriver driver = NewDriver();

        // Looking behind each block as it comes back would wait for the device, and put its work in order.
        using (CudaDevice device = SimulatedDevices.On(driver, checkMemory: false))
        {
            WanConfig config = TinyWan.Config with { Layers = layers };
            using MemoryArchive archive = MemoryArchive.Random(config.Parameters(), 5);
            float[] expected;
            using (WanTransformer whole = WanTransformer.Load(device, config, archive))
            {
                Assert.False(whole.StreamsBlocks);
                expected = Causal(whole);
            }

            using WanTransformer streamed = WanTransformer.Load(device, config, archive, new WanLoadOptions { Weights = Streamed });
            Assert.True(streamed.StreamsBlocks);
            Assert.Equal(expected, Causal(streamed));
            Assert.Equal(expected, Causal(streamed));
        }

        Assert.Empty(driver.Leaks);
    }

    [NvrtcFact]
    public void Load_BlocksStreamed_TakesTwoBlocksAndTheRest()
    {
        using CudaDevice device = SimulatedDevices.Open();
        WanConfig config = TinyWan.Config with { Layers = 7 };
        long Live(WanConfig sizes, WeightRules rules)
        {
            using MemoryArchive archive = MemoryArchive.Random(sizes.Parameters(), 5);
            using WanTransformer model = WanTransformer.Load(device, sizes, archive, new WanLoadOptions { Weights = rules });
            return device.LiveBytes;
        }

        Assert.Equal(Live(config with { Layers = 2 }, new WeightRules()), Live(config, Streamed));
        Assert.Equal(0, device.LiveBytes);
    }

    [NvrtcFact]
    public void Forward_PassBrokenOff_NextOneIsRightAgain()
    {
        using SimulatedDriver driver = NewDriver();
        using CudaDevice device = SimulatedDevices.On(driver, checkMemory: false);
        WanConfig config = TinyWan.Config with { Layers = 5 };
        using MemoryArchive archive = MemoryArchive.Random(config.Parameters(), 5);
        using WanTransformer model = WanTransformer.Load(device, config, archive, new WanLoadOptions { Weights = Streamed });
        float[] expected = Causal(model);
        for (int layer = 0; layer < 3; layer++)
        {
            // Blocks that wait at the door when another pass begins with the first.
            using WanTransformer other = WanTransformer.Load(device, config, archive, new WanLoadOptions { Weights = Streamed });
            using CancellationTokenSource stop = new();
            using Pass pass = Pass.Inference(device, stop.Token);
            using WanContext context = other.Prepare(pass, TinyWan.Text(pass), DType.F32);
            stop.Cancel();
            Assert.Throws<OperationCanceledException>(() => other.Forward(pass, TinyWan.Video(pass, 1, 2), [500], context));
            Assert.Equal(expected, Causal(other));
        }
    }

    [NvrtcFact]
    public void Forward_CopyFails_SaysSoAndLeavesNothing()
    {
        using SimulatedDriver driver = NewDriver(new InjectedFailure("CopyToDevice", 90, CuResult.InvalidValue));
        using (CudaDevice device = SimulatedDevices.On(driver))
        {
            WanConfig config = TinyWan.Config with { Layers = 5 };
            using MemoryArchive archive = MemoryArchive.Random(config.Parameters(), 5);
            using WanTransformer model = WanTransformer.Load(device, config, archive, new WanLoadOptions { Weights = Streamed });
            Assert.Contains("cuMemcpyHtoDAsync", Assert.Throws<CudaException>(() => Causal(model)).Message, StringComparison.Ordinal);
            Assert.NotEmpty(Causal(model));
        }

        Assert.Empty(driver.Leaks);
    }

    [NvrtcFact]
    public void Bring_TargetStillRead_WaitsForItsReadersAndIsWaitedFor()
    {
        using SimulatedDriver driver = NewDriver();
        using CudaDevice device = SimulatedDevices.On(driver, checkMemory: false);
        using CpuDevice host = new(1);
        using BlockCourier courier = new(device);
        using Pass onHost = Pass.Inference(host);
        using Pass pass = Pass.Inference(device);
        Tensor target = pass.From<float>(new Shape(8), Enumerable.Repeat(1f, 8).ToArray());
        Tensor sum = pass.Zeros(new Shape(8));
        for (int errand = 2; errand < 5; errand++)
        {
            for (int reader = 0; reader < 50; reader++)
            {
                sum = Add.Forward(pass, sum, target);
            }

            Tensor source = onHost.From<float>(new Shape(8), Enumerable.Repeat((float)errand, 8).ToArray());
            using IQueueMark arrived = courier.Bring([(source, target)]).GetAwaiter().GetResult();
            arrived.Await();
        }

        Assert.All(Add.Forward(pass, sum, target).ToFloats(), static value => Assert.Equal((50 * (1 + 2 + 3)) + 4, value));
    }

    [NvrtcTheory]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    public void Encode_BlocksStreamed_EqualsAllOnTheDevice(DType type)
    {
        using SimulatedDriver driver = NewDriver();
        using (CudaDevice device = SimulatedDevices.On(driver))
        {
            UmT5Config config = new() { Vocabulary = 50, Dim = 16, AttentionDim = 24, FfnDim = 20, Heads = 3, Layers = 5 };
            using MemoryArchive archive = MemoryArchive.Random(UmT5Encoder.Declare(config), 8);
            float[] Encode(WeightRules rules, out long live)
            {
                using UmT5Encoder encoder = UmT5Encoder.Load(device, archive, config, rules);
                live = device.LiveBytes;
                using Pass pass = Pass.Inference(device);
                return encoder.Encode(pass, [3, 17, 49, 1], type).ToFloats();
            }

            Assert.Equal(Encode(new WeightRules(), out long whole), Encode(Streamed, out long two));
            Assert.True(two < whole / 2, $"{two} of {whole} bytes");
            Assert.Equal(0, device.LiveBytes);
        }

        Assert.Empty(driver.Leaks);
    }

    [NvrtcFact]
    public void Decode_HistoryOnHost_EqualsHistoryOnTheDeviceInLessMemory()
    {
        using SimulatedDriver driver = NewDriver();
        using (CudaDevice device = SimulatedDevices.On(driver))
        {
            VaeConfig config = VaeConfig.Wan21 with { Dim = 2, ResidualBlocks = 1 };
            using MemoryArchive archive = MemoryArchive.Random(WanVae.Declare(config), 6);
            float[] Decode(bool onHost, out long peak)
            {
                using WanVae vae = WanVae.Load(device, archive, config, new VaeOptions { KeepsHistoryOnHost = onHost });
                long weights = device.LiveBytes;
                device.ResetPeak();
                using VaeStream stream = vae.OpenDecodeStream();
                using Pass pass = Pass.Inference(device);
                Shape piece = new(1, 2, 2, 3, 16);
                float[] first = vae.Decode(pass, pass.From<float>(piece, TinyWan.Noise(piece.Count, 1)), stream).ToFloats();
                float[] second = vae.Decode(pass, pass.From<float>(piece, TinyWan.Noise(piece.Count, 2)), stream).ToFloats();
                Assert.True(stream.Bytes > 0);
                peak = device.PeakBytes - weights;
                return [.. first, .. second];
            }

            Assert.Equal(Decode(false, out long all), Decode(true, out long few));
            Assert.True(few < all, $"{few} of {all} bytes");
            Assert.Equal(0, device.LiveBytes);
        }

        Assert.Empty(driver.Leaks);
    }

    private static float[] Causal(WanTransformer model)
    {
        using CausalState state = new(model, CachePolicy.RewardForcing, 1, 4, 4, DType.F32, 12);
        using Pass pass = Pass.Inference(model.Device);
        state.SetText(pass, TinyWan.Text(pass));
        List<float> flows = [];
        for (int block = 0; block < 4; block++)
        {
            Tensor x = TinyWan.Video(pass, 1, 3, seed: block);
            flows.AddRange(model.ForwardCausal(pass, x, [937.5f], state, 3 * block).ToFloats());
            model.ForwardCausal(pass, x, [0], state, 3 * block, cacheOnly: true);
        }

        return [.. flows];
    }
}
