using System.Buffers.Binary;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing.Simulation;
using RewardForcing.Native.Tests.Models;
using Xunit;

namespace RewardForcing.Native.Tests.Cuda;

/// <summary>What <c>RF_DEBUG</c> asks for.</summary>
public sealed class LaunchWatchTests
{
    private readonly List<string> _told = [];

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" , ")]
    public void Parse_Nothing_WatchesNothing(string? setting) => Assert.Null(LaunchWatch.Parse(setting, _told.Add));

    [Fact]
    public void Parse_UnknownWord_IsRefusedInASentence()
    {
        Assert.Equal("RF_DEBUG: expected launch, sync or nan, or several with commas, got slow.", Assert.Throws<ArgumentException>(() => LaunchWatch.Parse("sync,slow", _told.Add)).Message);
        Assert.Contains("got slow", Assert.Throws<ArgumentException>(() => Devices.Open("cpu", debug: "slow")).Message, StringComparison.Ordinal);
    }

    // The device runs nothing until somebody waits, as a GPU does: without the watch, the launch itself says nothing.
    [NvrtcTheory]
    [InlineData(null)]
    [InlineData("sync")]
    public void Launch_ThatFaults_IsNamedAtOnceWithSync(string? setting)
    {
        using SimulatedDriver driver = new(new SimulatedDriverOptions { Deferred = true });
        using CudaDevice device = SimulatedDevices.On(driver, checkMemory: false, watch: LaunchWatch.Parse(setting, _told.Add));
        byte[] nowhere = new byte[24];
        BinaryPrimitives.WriteInt64LittleEndian(nowhere.AsSpan(16), 1);
        Dictionary<string, string> macros = new() { ["RF_T"] = "float", ["RF_N"] = "1", ["RF_ACTIVATION"] = "1" };
        void Launch() => device.Launch("unary", "unary_forward", macros, new LaunchShape(1, 32), nowhere);
        if (setting is null)
        {
            Launch();
            Assert.Throws<CudaException>(device.Synchronize);
            return;
        }

        CudaException error = Assert.Throws<CudaException>(Launch);
        Assert.Contains("Waiting for unary_forward of kernels/unary.cu, grid ", error.Message, StringComparison.Ordinal);
        Assert.Contains("RF_ACTIVATION=1", error.Message, StringComparison.Ordinal);
        Assert.Empty(_told);
    }

    [NvrtcFact]
    public void Launch_Watched_IsToldWithItsMacros()
    {
        using CudaDevice device = Open("launch", ProductChoice.OwnKernels);
        using Pass pass = Pass.Inference(device);
        _ = Add.Forward(pass, pass.From<float>(new Shape(3), [1, 2, 3]), pass.From<float>(new Shape(3), [1, 2, 3]));
        string line = Assert.Single(_told);
        Assert.StartsWith("cuda-sim queue 0: add_forward of kernels/add.cu, grid ", line, StringComparison.Ordinal);
        Assert.Contains("RF_T=float", line, StringComparison.Ordinal);
    }

    [NvrtcTheory]
    [InlineData(DType.F32, float.NaN)]
    [InlineData(DType.BF16, float.PositiveInfinity)]
    public void Result_NotFinite_IsNamedWithItsKernelAndElement(DType type, float value)
    {
        using CudaDevice device = Open("nan", ProductChoice.OwnKernels);
        using Pass pass = Pass.Inference(device);
        Tensor x = Cast.Forward(pass, pass.From<float>(new Shape(2, 3), [1, 2, 3, 4, 5, 6]), type);
        Assert.Equal(2, Add.Forward(pass, x, x).ToFloats()[0]);
        Tensor bad = pass.From<float>(new Shape(2, 3), [1, 2, 3, 4, value, 6]);
        NotFiniteNumberException error = Assert.Throws<NotFiniteNumberException>(() => type == DType.F32 ? Add.Forward(pass, bad, bad) : Cast.Forward(pass, bad, type));
        Assert.StartsWith($"{(type == DType.F32 ? "add_forward of kernels/add.cu" : "cast_forward of kernels/cast.cu")} on cuda-sim: element 4 of its result [2, 3] of {type} is", error.Message, StringComparison.Ordinal);
    }

    [NvrtcFact]
    public void Product_OfTheLibrary_IsToldAndLookedAt()
    {
        using CudaDevice device = Open("launch,nan", ProductChoice.Library);
        using Pass pass = Pass.Inference(device);
        float[] values = new float[64 * 64];
        values[70] = float.NaN;
        Tensor weight = pass.From<float>(new Shape(64, 64), new float[64 * 64]);
        NotFiniteNumberException error = Assert.Throws<NotFiniteNumberException>(() => Linear.Forward(pass, pass.From<float>(new Shape(64, 64), values), weight));
        Assert.StartsWith("linear on cuda-sim: element 64 of its result", error.Message, StringComparison.Ordinal);
        Assert.Contains("a matrix product with a result of 64 x 64 and a depth of 64", Assert.Single(_told), StringComparison.Ordinal);
    }

    // Blocks are handed out full of NaN, so a result that is looked at before it is whole would stop here.
    [NvrtcFact]
    public void Network_Watched_GivesTheSameAndIsNotReplayed()
    {
        float[] expected = Flow(null);
        Assert.Empty(_told);
        Assert.Equal(expected, Flow("launch,sync,nan"));
        Assert.True(_told.Count > 20);
    }

    private float[] Flow(string? setting)
    {
        using CudaDevice device = Open(setting, ProductChoice.OwnKernels);
        Assert.Equal(setting is null, device.CanReplay);
        using MemoryArchive archive = MemoryArchive.Random(TinyWan.Config.Parameters(), 5);
        using WanTransformer model = WanTransformer.Load(device, TinyWan.Config, archive);
        using CausalState state = new(model, CachePolicy.RewardForcing, 1, 4, 4, DType.F32, 12);
        using Pass pass = Pass.Inference(device);
        state.SetText(pass, TinyWan.Text(pass));
        Tensor x = TinyWan.Video(pass, 1, 3);
        return model.ForwardCausal(pass, x, [937.5f], state, 0).ToFloats();
    }

    private CudaDevice Open(string? setting, ProductChoice products) => SimulatedDevices.On(new SimulatedDriver(), products, checkMemory: true, watch: LaunchWatch.Parse(setting, _told.Add));
}
