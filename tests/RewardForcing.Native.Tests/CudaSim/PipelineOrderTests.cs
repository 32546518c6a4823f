using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing.Simulation;
using RewardForcing.Native.Tests.Cuda;
using RewardForcing.Native.Tests.Generation;
using RewardForcing.Native.Tests.Models;
using Xunit;

namespace RewardForcing.Native.Tests.CudaSim;

/// <summary>The pipeline with decoding on a queue of its own, and weights that are streamed, every access watched: nothing is out of order, and it would be seen if it were.</summary>
public sealed class PipelineOrderTests
{
    [NvrtcFact]
    public void Pipeline_DecodingOverlapped_UsesNoMemoryOutOfOrder()
    {
        using SimulatedDriver driver = new(Options);
        float[] latents = Generate(driver);
        Assert.Empty(driver.Findings);
        Assert.Empty(driver.Leaks);
        using SimulatedDriver plain = new(new SimulatedDriverOptions());
        Assert.Equal(Generate(plain), latents);
    }

    // Weights come through two places by turns, on a queue of their own: only events keep the next block from its predecessor's place.
    [NvrtcTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Blocks_Streamed_AreInOrderByTheirEventsAlone(bool ignoresEvents)
    {
        using SimulatedDriver driver = new(Options with { IgnoresEvents = ignoresEvents, FindingsAreFaults = false });
        using (CudaDevice device = SimulatedDevices.On(driver, ProductChoice.OwnKernels, checkMemory: false))
        {
            WanConfig config = TinyWan.Config with { Layers = 5 };
            using MemoryArchive archive = MemoryArchive.Random(config.Parameters(), 5);
            using WanTransformer model = WanTransformer.Load(device, config, archive, new WanLoadOptions { Weights = new WeightRules { StreamsBlocks = true } });
            Assert.True(model.StreamsBlocks);
            using Pass pass = Pass.Inference(device);
            float[] flow = model.Forward(pass, TinyWan.Video(pass, 1, 2), [500], TinyWan.Text(pass)).ToFloats();
            Assert.True(ignoresEvents || flow.All(float.IsFinite));
        }

        Assert.Equal(ignoresEvents, driver.Findings.Count > 0);
        Assert.Equal(ignoresEvents, driver.Findings.Any(static finding => finding.Kind == FindingKind.StreamOrder && finding.Message.Contains("copy to the device", StringComparison.Ordinal)));
    }

    private static SimulatedDriverOptions Options => new() { Deferred = true, Execution = new SimulationOptions { Checked = true, Seed = 7 } };

    private static float[] Generate(SimulatedDriver driver)
    {
        // Looking behind each block as it comes back would wait for the device, and put its work in order.
        using CudaDevice device = SimulatedDevices.On(driver, ProductChoice.OwnKernels, checkMemory: false);
        using WanTransformer transformer = TinyModels.Transformer(device);
        using WanVae vae = TinyModels.Vae(device);
        using VideoPipeline pipeline = new(transformer, vae.OpenDecoder, TinyModels.Settings with { OverlapsDecoding = true });
        return TinyModels.Latents(TinyModels.Run(pipeline, TinyModels.Request(4) with { Height = 16, Width = 16 }));
    }
}
