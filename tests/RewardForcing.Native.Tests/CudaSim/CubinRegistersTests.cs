using RewardForcing.Native.Cuda;
using RewardForcing.Native.Cuda.Compilation;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.CudaSim.Runtime;
using RewardForcing.Native.Tests.Cuda;
using Xunit;

namespace RewardForcing.Native.Tests.CudaSim;

public sealed class CubinRegistersTests
{
    [NvrtcTheory]
    [InlineData("sm_80", "control.cu")]
    [InlineData("sm_89", "control.cu")]
    [InlineData("sm_90a", "hopper.cu")]
    public void Read_MachineCode_SaysWhatTheAssemblerReports(string target, string file)
    {
        CompiledKernels compiled = SimulatorKernels.Compile(file, target);
        IReadOnlyDictionary<string, int> registers = CubinRegisters.Read(compiled.Image.Cubin.Span);
        Assert.NotEmpty(compiled.Resources);
        Assert.Equal(compiled.Resources.ToDictionary(kernel => kernel.Entry, kernel => kernel.Registers), registers);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(200)]
    public void Read_WhatIsNoMachineCode_IsEmpty(int bytes)
    {
        var file = new byte[bytes];
        "\u007fELF"u8[..Math.Min(4, bytes)].CopyTo(file);
        file.AsSpan(Math.Min(40, bytes)).Fill(0xFF);
        Assert.Empty(CubinRegisters.Read(file));
    }

    [NvrtcFact]
    public void Launch_MoreThreadsThanRegistersAllow_IsOutOfResources()
    {
        KernelImage image = SimulatorKernels.Compile("attention.cu", "sm_80").Image;
        using var run = new DriverRun(new SimulatedDriverOptions { Devices = [DeviceProfile.A100] });
        run.Ok(run.Driver.LoadModule(image, out nint module));
        run.Ok(run.Driver.GetFunction(module, "attention", out nint function));
        run.Ok(run.Driver.GetFunctionAttribute(function, CudaFunctionAttribute.Registers, out int registers));
        Assert.Equal(CubinRegisters.Read(image.Cubin.Span)["attention"], registers);
        run.Ok(run.Driver.GetActiveBlocks(function, 128, 0, out int blocks));
        Assert.InRange(blocks, 1, 65536 / (128 * registers));
    }
}
