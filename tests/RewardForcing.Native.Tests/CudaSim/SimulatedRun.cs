using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.Tests.CudaSim;

/// <summary>A module on a simulated device of its own.</summary>
internal sealed class SimulatedRun : IDisposable
{
    private readonly SimulatedModule _module;

    public SimulatedRun(string ptx, SimulationOptions? options = null, string name = "test.cu")
    {
        options ??= new SimulationOptions { Checked = true };
        Memory = new DeviceMemory(options.Checked);
        _module = new SimulatedModule(name, ptx, Memory, options);
    }

    public DeviceMemory Memory { get; }

    /// <summary>The ways in which every correct kernel must run and give the same.</summary>
    public static SimulationOptions Options(string mode, ulong seed = 1) => new()
    {
        Checked = mode.Contains("checked"),
        Perturb = mode.Contains("perturbed"),
        Shuffle = mode.Contains("shuffled"),
        Seed = seed,
    };

    public ulong Upload<T>(string name, T[] values)
        where T : unmanaged
    {
        ulong address = Memory.Allocate((ulong)(values.Length * System.Runtime.InteropServices.Marshal.SizeOf<T>()), name);
        Memory.Write<T>(address, values);
        return address;
    }

    public ulong Allocate<T>(string name, int count)
        where T : unmanaged => Memory.Allocate((ulong)(count * System.Runtime.InteropServices.Marshal.SizeOf<T>()), name);

    public LaunchReport Launch(string kernel, CudaExtent grid, CudaExtent block, int shared, params object[] arguments) =>
        _module.Launch(kernel, new LaunchShape(grid, block, shared), Image(kernel, arguments));

    /// <summary>Launches, and returns what was found, a fault included.</summary>
    public IReadOnlyList<Finding> Find(string kernel, CudaExtent grid, CudaExtent block, int shared, params object[] arguments)
    {
        try
        {
            return Launch(kernel, grid, block, shared, arguments).Findings;
        }
        catch (DeviceFault fault)
        {
            return [.. fault.Earlier, fault.Finding];
        }
    }

    public void Dispose()
    {
        _module.Dispose();
        Memory.Dispose();
    }

    private byte[] Image(string kernel, object[] arguments)
    {
        PtxKernel parsed = _module.Ptx.Kernels[kernel];
        var image = new byte[parsed.ParameterBytes];
        Assert(arguments.Length == parsed.Parameters.Count);
        for (int i = 0; i < arguments.Length; i++)
        {
            Span<byte> at = image.AsSpan((int)parsed.Parameters[i].Offset);
            Assert(arguments[i] switch
            {
                ulong value => BitConverter.TryWriteBytes(at, value),
                long value => BitConverter.TryWriteBytes(at, value),
                int value => BitConverter.TryWriteBytes(at, value),
                uint value => BitConverter.TryWriteBytes(at, value),
                float value => BitConverter.TryWriteBytes(at, value),
                byte[] value => value.AsSpan().TryCopyTo(at),
                _ => false,
            });
        }

        return image;
    }

    private static void Assert(bool condition) => Xunit.Assert.True(condition);
}
