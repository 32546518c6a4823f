using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing.Simulation;
using Xunit;

namespace RewardForcing.Native.Tests.Cuda;

/// <summary>The device above the driver seam: memory, queues, launches and captured passes, on the simulated driver.</summary>
public class CudaDeviceTests
{
    private const int MoreThanStaging = (19 << 20) + 13;

    [NvrtcTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65537)]
    [InlineData(MoreThanStaging)]
    public void CopyFrom_AnyLength_ComesBack(int length)
    {
        using SimulatedDriver driver = new();
        using (CudaDevice device = SimulatedDevices.On(driver))
        using (Pass pass = Pass.Inference(device))
        {
            byte[] values = new byte[length];
            new Random(3).NextBytes(values);
            Tensor tensor = pass.From<byte>(new Shape(length), values);
            Assert.Equal(values, tensor.ToArray<byte>());
        }

        Assert.Empty(driver.Leaks);
    }

    [NvrtcFact]
    public void CopyFrom_SourceChangedAfterwards_KeepsWhatItWas()
    {
        using SimulatedDriver driver = new(new SimulatedDriverOptions { Deferred = true });
        using CudaDevice device = SimulatedDevices.On(driver);
        using Pass pass = Pass.Inference(device);
        float[] values = [1, 2, 3];
        Tensor tensor = pass.From<float>(new Shape(3), values);
        values.AsSpan().Clear();
        Assert.Equal([1f, 2f, 3f], tensor.ToArray<float>());
    }

    [NvrtcFact]
    public void CopyFrom_OverlappingRanges_MovesThem()
    {
        using CudaDevice device = SimulatedDevices.Open();
        using Pass pass = Pass.Inference(device);
        Tensor all = pass.From<int>(new Shape(1000), [.. Enumerable.Range(0, 1000)]);
        pass.Slice(all, 0, 900).CopyFrom(pass.Slice(all, 100, 900));
        Assert.Equal([.. Enumerable.Range(100, 900), .. Enumerable.Range(900, 100)], all.ToArray<int>());
    }

    [NvrtcFact]
    public void Clear_OddRange_LeavesItsNeighbours()
    {
        using CudaDevice device = SimulatedDevices.Open();
        using Pass pass = Pass.Inference(device);
        Tensor all = pass.From<byte>(new Shape(9), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        pass.Slice(all, 3, 3).Clear();
        Assert.Equal([1, 2, 3, 0, 0, 0, 7, 8, 9], all.ToArray<byte>());
    }

    [NvrtcFact]
    public void Rent_NoMemoryLeft_NamesTheLargestOwnersAndRecovers()
    {
        using SimulatedDriver driver = new(new SimulatedDriverOptions { MemoryBytes = 64 << 20 });
        using CudaDevice device = SimulatedDevices.On(driver, checkMemory: false);
        using Parameter weight = Parameter.New(device, "blocks.0.ffn.0.weight", new Shape(8 << 20));
        using Pass pass = Pass.Inference(device);
        DeviceMemoryException error = Assert.Throws<DeviceMemoryException>(() => pass.New(new Shape(16 << 20)));
        Assert.Contains("largest: weights blocks 3", error.Message, StringComparison.Ordinal);
        Assert.Equal(4, pass.From<float>(new Shape(4), [1, 2, 3, 4]).ToArray<float>()[3]);
    }

    [NvrtcFact]
    public void Rent_PoolHoldsTheMemory_IsTrimmedFirst()
    {
        using SimulatedDriver driver = new(new SimulatedDriverOptions { MemoryBytes = 64 << 20 });
        using CudaDevice device = SimulatedDevices.On(driver, checkMemory: false);
        using (Pass first = Pass.Inference(device))
        {
            first.New(new Shape(10 << 20));
        }

        using Pass second = Pass.Inference(device);
        Assert.Equal(12 << 20, second.New(new Shape(12 << 20)).Count);
    }

    [NvrtcFact]
    public void Launch_ArgumentsOfOtherLength_SaysWhatTheKernelTakes()
    {
        using CudaDevice device = SimulatedDevices.Open();
        SortedDictionary<string, string> macros = new() { ["RF_T"] = "float", ["RF_ACTIVATION"] = "1", ["RF_N"] = "1" };
        ArgumentException error = Assert.Throws<ArgumentException>(() => device.Launch("unary", "unary_forward", macros, new LaunchShape(1, 32), new byte[20]));
        Assert.Equal("unary_forward of kernels/unary.cu takes 3 arguments of 24 bytes in all, got 20 bytes.", error.Message);
    }

    [NvrtcFact]
    public void Launch_FaultingKernel_NamesKernelAndLineAndStaysFailed()
    {
        using SimulatedDriver driver = new();
        using CudaDevice device = SimulatedDevices.On(driver);
        SortedDictionary<string, string> macros = new() { ["RF_T"] = "float", ["RF_ACTIVATION"] = "1", ["RF_N"] = "1" };
        byte[] nowhere = new byte[24];
        nowhere[16] = 1;
        CudaException error = Assert.ThrowsAny<CudaException>(() =>
        {
            device.Launch("unary", "unary_forward", macros, new LaunchShape(1, 32), nowhere);
            device.Synchronize();
        });
        Assert.Contains("unary_forward", error.Message, StringComparison.Ordinal);
        Assert.Contains("unary.cu:", error.Message, StringComparison.Ordinal);
        Assert.Throws<CudaException>(device.Synchronize);
    }

    [NvrtcFact]
    public void OpenQueue_WorkOfTwoThreads_RunsSideBySideAndLosesNothing()
    {
        using SimulatedDriver driver = new(new SimulatedDriverOptions { Deferred = true, Execution = new SimulationOptions { Shuffle = true, Seed = 5 } });
        using (CudaDevice device = SimulatedDevices.On(driver, checkMemory: false))
        {
            using OwnedTensor shared = OwnedTensor.New(device, new Shape(64));
            shared.Value.CopyFrom<float>([.. Enumerable.Repeat(2f, 64)]);
            float[][] results = new float[2][];
            Thread beside = new(() =>
            {
                using IDisposable queue = device.OpenQueue();
                results[1] = Powers(device, shared.Value);
            });
            beside.Start();
            results[0] = Powers(device, shared.Value);
            beside.Join();
            Assert.All(results, static result => Assert.All(result, static value => Assert.Equal(1 << 11, value)));
        }

        Assert.Empty(driver.Findings);
        Assert.Empty(driver.Leaks);
    }

    [NvrtcFact]
    public void OpenQueue_TwiceOnAThread_IsRefused()
    {
        using CudaDevice device = SimulatedDevices.Open();
        using IDisposable queue = device.OpenQueue();
        Assert.Contains("has a queue of its own already", Assert.Throws<InvalidOperationException>(device.OpenQueue).Message, StringComparison.Ordinal);
    }

    [NvrtcFact]
    public void CapturedPass_RunFourTimes_HasItsEffectsOnceEachTime()
    {
        using SimulatedDriver driver = new();
        using (CudaDevice device = SimulatedDevices.On(driver))
        {
            using OwnedTensor input = OwnedTensor.New(device, new Shape(5));
            using OwnedTensor sum = OwnedTensor.Zeros(device, new Shape(5));
            long before = device.LiveBytes;
            using (CapturedPass captured = new(device, pass =>
            {
                Tensor square = Multiply.Forward(pass, input.Value, input.Value);
                sum.Value.CopyFrom(Add.Forward(pass, sum.Value, square));
                return [Add.Forward(pass, square, input.Value)];
            }))
            {
                float expected = 0;
                for (int run = 1; run <= 4; run++)
                {
                    input.Value.CopyFrom<float>([run, run + 1, 0, -run, 10]);
                    expected += run * run;
                    Tensor output = captured.Run()[0];
                    DisturbPool(device);
                    Assert.Equal([run * (run + 1), (run + 1) * (run + 2), 0f, run * (run - 1), 110f], output.ToArray<float>());
                    Assert.Equal(expected, sum.Value.ToArray<float>()[0]);
                }
            }

            Assert.Equal(before, device.LiveBytes);
        }

        Assert.Empty(driver.Leaks);
    }

    [Fact]
    public void CapturedPass_OnTheProcessor_RunsAgain()
    {
        using CpuDevice device = new(1, checkMemory: true);
        using OwnedTensor input = OwnedTensor.New(device, new Shape(2));
        using CapturedPass captured = new(device, pass => [Multiply.Forward(pass, input.Value, input.Value)]);
        foreach (float value in (ReadOnlySpan<float>)[1, 3, 5])
        {
            input.Value.CopyFrom<float>([value, -value]);
            Assert.Equal([value * value, value * value], captured.Run()[0].ToArray<float>());
        }
    }

    [NvrtcFact]
    public void CapturedPass_BodyReadsFromTheDevice_IsRefusedAndTheDeviceWorksOn()
    {
        using SimulatedDriver driver = new();
        using (CudaDevice device = SimulatedDevices.On(driver))
        {
            using OwnedTensor input = OwnedTensor.Zeros(device, new Shape(2));
            using CapturedPass captured = new(device, pass => [pass.From<float>(new Shape(2), Multiply.Forward(pass, input.Value, input.Value).ToArray<float>())]);
            captured.Run();
            InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => captured.Run());
            Assert.Contains("cannot copy to the host while a pass is being captured", error.Message, StringComparison.Ordinal);
            Assert.Equal([0f, 0f], input.Value.ToArray<float>());
        }

        Assert.Empty(driver.Leaks);
    }

    [NvrtcFact]
    public void Measure_Work_TakesTime()
    {
        using CudaDevice device = SimulatedDevices.Open();
        using Pass pass = Pass.Inference(device);
        Tensor x = pass.Zeros(new Shape(100000));
        Assert.True(device.Measure(() => Multiply.Forward(pass, x, x)) > 0);
    }

    [NvrtcTheory]
    [InlineData(80, "sm_80")]
    [InlineData(86, "sm_86")]
    [InlineData(89, "sm_89")]
    [InlineData(90, "sm_90a")]
    [InlineData(120, "compute_90")]
    public void For_Architecture_IsWhatNvrtcKnows(int architecture, string target) =>
        Assert.Equal(target, RewardForcing.Native.Cuda.Compilation.KernelTargets.For(architecture));

    [Theory]
    [InlineData(12040, 0, 8, 0, "finds no NVIDIA GPU")]
    [InlineData(11080, 1, 8, 0, "serves CUDA 11.8, and 12.0 is needed")]
    [InlineData(12040, 1, 7, 5, "compute capability 7.5, and the kernels need 8.0")]
    public void Require_DeviceThatCannotBeUsed_SaysWhy(int version, int devices, int major, int minor, string part)
    {
        DeviceProfile profile = DeviceProfile.A100 with { Major = major, Minor = minor };
        using SimulatedDriver driver = new(new SimulatedDriverOptions { Version = version, Devices = [.. Enumerable.Repeat(profile, devices)] });
        string message = Assert.Throws<NotSupportedException>(() => CudaMachine.Require(driver, 0, "here")).Message;
        Assert.StartsWith("device cuda:0: ", message, StringComparison.Ordinal);
        Assert.Contains(part, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Require_NumberTooLarge_NamesThoseThereAre()
    {
        using SimulatedDriver driver = new();
        Assert.Equal("device cuda:3: this machine has one GPU, cuda:0; choose one of them.", Assert.Throws<NotSupportedException>(() => CudaMachine.Require(driver, 3, "here")).Message);
    }

    // Ten doublings, each reading the block the one before gave back.
    private static float[] Powers(CudaDevice device, Tensor start)
    {
        using Pass pass = Pass.Inference(device);
        Tensor x = start;
        for (int i = 0; i < 10; i++)
        {
            using Scope scope = pass.BeginScope();
            x = scope.Keep(Add.Forward(pass, x, x));
        }

        return x.ToArray<float>();
    }

    // What other passes write in between must not reach the memory of a captured one.
    private static void DisturbPool(CudaDevice device)
    {
        using Pass pass = Pass.Inference(device);
        for (int i = 0; i < 4; i++)
        {
            pass.From<float>(new Shape(5), [9, 9, 9, 9, 9]);
        }
    }
}
