using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using Xunit;

namespace RewardForcing.Native.Tests.CudaSim;

public sealed unsafe class SimulatedDriverTests
{
    public static TheoryData<bool, bool> Ways => new() { { false, false }, { false, true }, { true, false }, { true, true } };

    [Theory]
    [MemberData(nameof(Ways))]
    public void Launch_ScaleOfUploaded_IsScaled(bool isChecked, bool deferred)
    {
        using DriverRun run = Run(isChecked, deferred);
        float[] x = [.. Enumerable.Range(0, 1000).Select(i => (float)i)];
        ulong from = run.Upload(x), to = run.Allocate(4000);
        run.Ok(run.Scale(run.LoadScale(), to, from, 1000, 3));
        Assert.Equal(x.Select(value => 3 * value), run.Download<float>(to, 1000));
        run.Ok(run.Driver.FreeAsync(from, run.Stream));
        run.Ok(run.Driver.FreeAsync(to, run.Stream));
        run.Ok(run.Driver.SynchronizeContext());
        Assert.Empty(run.Driver.Findings);
    }

    [Fact]
    public void Calls_WithoutContextOrInitialisation_AreRefused()
    {
        using var driver = new SimulatedDriver();
        Assert.Equal(CuResult.NotInitialized, driver.GetDeviceCount(out _));
        Assert.Equal(CuResult.Success, driver.Initialize());
        Assert.Equal(CuResult.InvalidContext, driver.CreateStream(0, out nint stream));
        Assert.Equal(0, stream);
        Assert.Equal(CuResult.InvalidDevice, driver.RetainContext(1, out _));
        Assert.Equal("There is no device 1; there are 1.", driver.LastDetail);
        Assert.Equal(CuResult.InvalidContext, driver.ReleaseContext(0));
        using var none = new SimulatedDriver(new SimulatedDriverOptions { Devices = [] });
        Assert.Equal(CuResult.NoDevice, none.Initialize());
    }

    [Fact]
    public void Attributes_OfH100_AreItsOwn()
    {
        using var run = new DriverRun(new SimulatedDriverOptions { Devices = [DeviceProfile.A100, DeviceProfile.H100] });
        run.Ok(run.Driver.GetDeviceCount(out int count));
        run.Ok(run.Driver.GetDeviceName(1, out string name));
        run.Ok(run.Driver.GetDeviceAttribute(1, CudaDeviceAttribute.MaxSharedBytesPerBlockOptIn, out int shared));
        run.Ok(run.Driver.GetDeviceAttribute(1, CudaDeviceAttribute.ComputeCapabilityMajor, out int major));
        Assert.Equal((2, "NVIDIA H100 80GB HBM3 (simulated)", 232448, 9), (count, name, shared, major));
        foreach (CudaDeviceAttribute attribute in Enum.GetValues<CudaDeviceAttribute>())
        {
            run.Ok(run.Driver.GetDeviceAttribute(0, attribute, out _));
        }

        Assert.Equal(CuResult.InvalidValue, run.Driver.GetDeviceAttribute(0, (CudaDeviceAttribute)9999, out _));
    }

    [Fact]
    public void LoadModule_UnknownInstruction_NamesKernelInstructionAndLine()
    {
        using var run = new DriverRun();
        string ptx = DriverRun.ScalePtx.Replace("mul.f32 ", "frobnicate.f32 ");
        Assert.Equal(CuResult.InvalidPtx, run.Driver.LoadModule(new KernelImage("scale.cu", "sm_80", ptx, default), out nint module));
        Assert.Equal(0, module);
        Assert.Contains("scale.cu: kernel scale, PTX line 25", run.Driver.LastDetail);
        Assert.Contains("'frobnicate.f32' is not executed by the simulator", run.Driver.LastDetail);
    }

    [Theory]
    [InlineData("sm_90", CuResult.NoBinaryForGpu)]
    [InlineData("sm_80", CuResult.Success)]
    [InlineData("sm_75", CuResult.Success)]
    [InlineData("sm_75a", CuResult.NoBinaryForGpu)]
    public void LoadModule_Target_MustFitTheDevice(string target, CuResult expected)
    {
        using var run = new DriverRun();
        Assert.Equal(expected, run.Driver.LoadModule(new KernelImage("scale.cu", target, DriverRun.ScalePtx, default), out _));
    }

    [Fact]
    public void Functions_NamesAttributesAndGlobals()
    {
        using var run = new DriverRun();
        run.Ok(run.Driver.LoadModule(new KernelImage("scale.cu", "sm_80", DriverRun.ScalePtx, default), out nint module));
        Assert.Equal(CuResult.NotFound, run.Driver.GetFunction(module, "scala", out _));
        Assert.Equal("scale.cu has no kernel scala; it has scale.", run.Driver.LastDetail);
        run.Ok(run.Driver.GetFunction(module, "scale", out nint function));
        run.Ok(run.Driver.GetFunctionAttribute(function, CudaFunctionAttribute.MaxThreadsPerBlock, out int threads));
        run.Ok(run.Driver.GetFunctionAttribute(function, CudaFunctionAttribute.MaxDynamicSharedBytes, out int before));
        run.Ok(run.Driver.SetFunctionAttribute(function, CudaFunctionAttribute.MaxDynamicSharedBytes, 160000));
        run.Ok(run.Driver.GetFunctionAttribute(function, CudaFunctionAttribute.MaxDynamicSharedBytes, out int after));
        Assert.Equal((128, 49152, 160000), (threads, before, after));
        Assert.Equal(CuResult.InvalidValue, run.Driver.SetFunctionAttribute(function, CudaFunctionAttribute.MaxDynamicSharedBytes, 200000));
        Assert.Equal(CuResult.InvalidValue, run.Driver.SetFunctionAttribute(function, CudaFunctionAttribute.Registers, 1));
        run.Ok(run.Driver.GetActiveBlocks(function, 128, 160000, out int blocks));
        Assert.Equal(1, blocks);
        run.Ok(run.Driver.GetGlobal(module, "marker", out ulong address, out ulong bytes));
        Assert.Equal(4UL, bytes);
        Assert.Equal(7u, run.Download<uint>(address, 1)[0]);
        run.Ok(run.Driver.UnloadModule(module));
        Assert.Equal(CuResult.InvalidHandle, run.Scale(function, 0, 0, 1, 1));
    }

    [Fact]
    public void Launch_BadShapes_AreRefusedAndNotSticky()
    {
        using var run = new DriverRun();
        nint function = run.LoadScale();
        ulong x = run.Upload(1f, 2f);
        byte[] image = DriverRun.ScaleArguments(x, x, 2, 1);
        Refused(new LaunchShape(0, 128), image, CuResult.InvalidValue, "its grid is (0, 1, 1)");
        Refused(new LaunchShape(new CudaExtent(1, 70000), 128), image, CuResult.InvalidValue, "its grid");
        Refused(new LaunchShape(1, 129), image, CuResult.InvalidValue, "1 to 128 threads");
        Refused(new LaunchShape(1, 128, 50000), image, CuResult.InvalidValue, "50000 bytes of dynamic shared memory");
        Refused(new LaunchShape(1, 128), image[..20], CuResult.InvalidValue, "its 4 arguments take 24 bytes, and the image has 20");
        Refused(new LaunchShape(2, 128) { Cluster = 2 }, image, CuResult.InvalidClusterSize, "cluster");
        Refused(new LaunchShape(1 << 20, 128) { Cooperative = true }, image, CuResult.CooperativeLaunchTooLarge, "blocks");
        Assert.Equal(CuResult.InvalidHandle, run.Driver.Launch(function, new LaunchShape(1, 128), image, 0));
        run.Ok(run.Driver.Launch(function, new LaunchShape(1, 128), image, run.Stream));

        void Refused(LaunchShape shape, byte[] arguments, CuResult expected, string words)
        {
            Assert.Equal(expected, run.Driver.Launch(function, shape, arguments, run.Stream));
            Assert.Contains(words, run.Driver.LastDetail);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fault_OutOfBounds_IsStickyUntilReleased(bool deferred)
    {
        using DriverRun run = Run(false, deferred);
        nint function = run.LoadScale();
        ulong x = run.Upload(1f, 2f), y = run.Allocate(4);
        run.Driver.NameBlock(y, "result");
        CuResult launched = run.Scale(function, y, x, 2, 1);
        Assert.Equal(deferred ? CuResult.Success : CuResult.IllegalAddress, launched);
        Assert.Equal(CuResult.IllegalAddress, run.Driver.SynchronizeStream(run.Stream));
        Assert.Contains("0 bytes after the end of 'result' (4 bytes)", run.Driver.LastDetail);
        Assert.Contains("kernel scale, block (0, 0, 0), thread (1, 0, 0)", run.Driver.LastDetail);
        Assert.Equal(CuResult.IllegalAddress, run.Driver.CreateStream(0, out _));
        Assert.Equal(CuResult.IllegalAddress, run.Driver.AllocateAsync(16, run.Pool, run.Stream, out _));
        run.Ok(run.Driver.FreeAsync(x, run.Stream));
        run.Ok(run.Driver.DestroyStream(run.Stream));
        run.Ok(run.Driver.ReleaseContext(0));
        run.Ok(run.Driver.RetainContext(0, out nint context));
        run.Ok(run.Driver.SetCurrentContext(context));
        run.Ok(run.Driver.CreateStream(0, out _));
        Assert.Equal(FindingKind.OutOfBounds, Assert.Single(run.Driver.Findings).Kind);
    }

    [Fact]
    public void Finding_OfChecks_IsAFault()
    {
        using DriverRun run = Run(true, false);
        Assert.Equal(CuResult.LaunchFailed, run.Scale(run.LoadScale(), run.Allocate(8), run.Allocate(8), 2, 1));
        Assert.Contains("is read and nothing was written to it", run.Driver.LastDetail);
    }

    [Fact]
    public void Pool_CountsAndKeepsMemory()
    {
        using var run = new DriverRun(new SimulatedDriverOptions { MemoryBytes = 1 << 20 });
        ulong a = run.Allocate(300_000), b = run.Allocate(300_000);
        Assert.Equal(0UL, a % 256);
        Assert.Equal((600_000UL, 600_000UL), (Attribute(CudaPoolAttribute.UsedBytes), Attribute(CudaPoolAttribute.ReservedBytes)));
        run.Ok(run.Driver.SetPoolAttribute(run.Pool, CudaPoolAttribute.ReleaseThreshold, 400_000));
        run.Ok(run.Driver.FreeAsync(a, run.Stream));
        Assert.Equal((300_000UL, 600_000UL), (Attribute(CudaPoolAttribute.UsedBytes), Attribute(CudaPoolAttribute.ReservedBytes)));
        run.Ok(run.Driver.SynchronizeStream(run.Stream));
        Assert.Equal(400_000UL, Attribute(CudaPoolAttribute.ReservedBytes));
        run.Ok(run.Driver.GetMemory(out ulong free, out ulong total));
        Assert.Equal(((1UL << 20) - 400_000, 1UL << 20), (free, total));
        Assert.Equal(CuResult.OutOfMemory, run.Driver.AllocateAsync(900_000, run.Pool, run.Stream, out ulong none));
        Assert.Equal(0UL, none);
        Assert.Equal("900,000 bytes do not fit: 400,000 of 1,048,576 bytes are taken.", run.Driver.LastDetail);
        Assert.Equal(CuResult.InvalidValue, run.Driver.AllocateAsync(0, run.Pool, run.Stream, out _));
        run.Ok(run.Driver.FreeAsync(b, run.Stream));
        run.Ok(run.Driver.Allocate(900_000, out ulong plain));
        run.Ok(run.Driver.Free(plain));
        run.Ok(run.Driver.TrimPool(run.Pool, 0));
        Assert.Equal((0UL, 600_000UL), (Attribute(CudaPoolAttribute.ReservedBytes), Attribute(CudaPoolAttribute.UsedBytesPeak)));
        Assert.Equal(CuResult.InvalidValue, run.Driver.FreeAsync(a, run.Stream));
        run.Ok(run.Driver.DestroyPool(run.Pool));
        Assert.Equal(CuResult.InvalidHandle, run.Driver.TrimPool(run.Pool, 0));

        ulong Attribute(CudaPoolAttribute attribute)
        {
            run.Ok(run.Driver.GetPoolAttribute(run.Pool, attribute, out ulong value));
            return value;
        }
    }

    [Fact]
    public void CopiesAndFills_MoveBytes_AndRefuseWhatIsOutside()
    {
        using DriverRun run = Run(true, false);
        ulong a = run.Upload<ushort>(1, 2, 3, 4), b = run.Allocate(8);
        run.Ok(run.Driver.CopyOnDevice(b + 2, a, 6, run.Stream));
        run.Ok(run.Driver.Fill(b, 0xABCD1234, 2, 1, run.Stream));
        Assert.Equal(new ushort[] { 0x1234, 1, 2, 3 }, run.Download<ushort>(b, 4));
        run.Ok(run.Driver.Fill(a, 0xABCD1234, 1, 3, run.Stream));
        Assert.Equal(new byte[] { 0x34, 0x34, 0x34, 0, 3, 0, 4, 0 }, run.Download<byte>(a, 8));
        run.Ok(run.Driver.Fill(a, 0xABCD1234, 4, 2, run.Stream));
        Assert.Equal(new uint[] { 0xABCD1234, 0xABCD1234 }, run.Download<uint>(a, 2));
        Assert.Equal(CuResult.InvalidValue, run.Driver.Fill(a, 0, 4, 3, run.Stream));
        Assert.Contains("A fill: 12 bytes at", run.Driver.LastDetail);
        Assert.Equal(CuResult.InvalidValue, run.Driver.Fill(a + 1, 0, 2, 1, run.Stream));
        Assert.Equal(CuResult.InvalidValue, run.Driver.Fill(a, 0, 3, 1, run.Stream));
        Assert.Equal(CuResult.InvalidValue, run.Driver.CopyOnDevice(a, a + 2, 4, run.Stream));
        run.Ok(run.Driver.FreeAsync(b, run.Stream));
        Assert.Equal(CuResult.InvalidValue, run.Driver.CopyOnDevice(a, b, 4, run.Stream));
        Assert.Contains("which was freed", run.Driver.LastDetail);
        run.Ok(run.Driver.CopyOnDevice(a, 0, 0, run.Stream));
    }

    [Fact]
    public void HostMemory_PinnedIsUsedByCopies_AndMustNotBeFreedTwice()
    {
        using var run = new DriverRun();
        run.Ok(run.Driver.AllocateHost(8, out nint pinned));
        *(long*)pinned = 42;
        ulong a = run.Allocate(8);
        run.Ok(run.Driver.CopyToDevice(a, pinned, 8, run.Stream));
        Assert.Equal(42, run.Download<long>(a, 1)[0]);
        run.Ok(run.Driver.FreeHost(pinned));
        Assert.Equal(CuResult.InvalidValue, run.Driver.FreeHost(pinned));
    }

    [Fact]
    public void Failures_AreInjectedByCallAndNumber()
    {
        using var run = new DriverRun(new SimulatedDriverOptions
        {
            Failures = [new InjectedFailure("AllocateAsync", 2, CuResult.OutOfMemory), new InjectedFailure("Fill", 1, CuResult.IllegalAddress)],
        });
        ulong a = run.Allocate(8);
        Assert.Equal(CuResult.OutOfMemory, run.Driver.AllocateAsync(8, run.Pool, run.Stream, out _));
        Assert.Equal("Call 2 of AllocateAsync was made to fail.", run.Driver.LastDetail);
        run.Allocate(8);
        Assert.Equal(CuResult.IllegalAddress, run.Driver.Fill(a, 0, 1, 1, run.Stream));
        Assert.Equal(CuResult.IllegalAddress, run.Driver.SynchronizeContext());
    }

    [Fact]
    public void Release_OfWhatIsLeft_IsReported()
    {
        using var run = new DriverRun();
        run.Driver.NameBlock(run.Allocate(1000), "weights");
        run.Ok(run.Driver.RetainContext(0, out _));
        run.Ok(run.Driver.ReleaseContext(0));
        Assert.Empty(run.Driver.Leaks);
        run.Ok(run.Driver.ReleaseContext(0));
        Assert.Equal(["'weights' (1,000 bytes of device memory of a pool) was not freed.", "1 stream was not destroyed.", "1 pool was not destroyed."], run.Driver.Leaks);
        Assert.Equal(CuResult.InvalidContext, run.Driver.SynchronizeContext());
    }

    [Fact]
    public void TensorMap_LimitsAreChecked()
    {
        using var driver = new SimulatedDriver();
        Span<byte> map = stackalloc byte[128];
        var good = new TensorMapLayout { Element = TensorMapElement.BFloat16, Address = 4096, Extents = [128, 64], ByteStrides = [256], Box = [64, 64], Swizzle = TensorMapSwizzle.Bytes128 };
        Assert.Equal(CuResult.Success, driver.EncodeTensorMap(good, map));
        Assert.Equal(CuResult.InvalidValue, driver.EncodeTensorMap(good, map[..64]));
        Assert.Equal(CuResult.InvalidValue, driver.EncodeTensorMap(new TensorMapLayout { Element = good.Element, Address = 4104, Extents = good.Extents, ByteStrides = good.ByteStrides, Box = good.Box }, map));
        Assert.Equal(CuResult.InvalidValue, driver.EncodeTensorMap(new TensorMapLayout { Element = good.Element, Address = 4096, Extents = good.Extents, ByteStrides = [264], Box = good.Box }, map));
        Assert.Equal(CuResult.InvalidValue, driver.EncodeTensorMap(new TensorMapLayout { Element = good.Element, Address = 4096, Extents = good.Extents, ByteStrides = good.ByteStrides, Box = [257, 1] }, map));
        Assert.Equal(CuResult.InvalidValue, driver.EncodeTensorMap(new TensorMapLayout { Element = good.Element, Address = 4096, Extents = good.Extents, ByteStrides = good.ByteStrides, Box = [128, 64], Swizzle = TensorMapSwizzle.Bytes128 }, map));
        Assert.Equal("A tensor map cannot be encoded: the inner box extent takes 256 bytes, and swizzle Bytes128 allows 128.", driver.LastDetail);
    }

    internal static DriverRun Run(bool isChecked, bool deferred) =>
        new(new SimulatedDriverOptions { Execution = new SimulationOptions { Checked = isChecked }, Deferred = deferred });
}
