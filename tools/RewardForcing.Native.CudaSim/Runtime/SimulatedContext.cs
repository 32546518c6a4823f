using System.Runtime.InteropServices;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;

namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>The primary context of a device: its memory, its work, and the fault that ended it.</summary>
internal sealed unsafe class SimulatedContext : IDisposable
{
    public SimulatedContext(int device, DeviceProfile profile, SimulatedDriverOptions options)
    {
        (Device, Profile, Options) = (device, profile, options);
        Memory = new DeviceMemory(options.Execution.Checked, device);
        MemoryBytes = options.MemoryBytes ?? profile.MemoryBytes;
    }

    /// <summary>Number of the device.</summary>
    public int Device { get; }

    /// <summary>The device.</summary>
    public DeviceProfile Profile { get; }

    /// <summary>How work is run.</summary>
    public SimulatedDriverOptions Options { get; }

    /// <summary>Memory of the device.</summary>
    public DeviceMemory Memory { get; }

    /// <summary>Bytes of memory it has.</summary>
    public ulong MemoryBytes { get; }

    /// <summary>Its work.</summary>
    public required WorkScheduler Work { get; init; }

    /// <summary>Watches the order of its streams' work; null if nobody asked for it.</summary>
    public StreamOrder? Order { get; init; }

    /// <summary>Its handle.</summary>
    public nint Handle { get; set; }

    /// <summary>Shares that were taken and not given back.</summary>
    public int Shares { get; set; }

    /// <summary>Status of the fault that ended it, or success.</summary>
    public CuResult Fault { get; set; }

    /// <summary>What is known of that fault.</summary>
    public string? FaultDetail { get; set; }

    /// <summary>Blocks that were allocated and for which no free was asked, by address.</summary>
    public Dictionary<ulong, DeviceBlock> Blocks { get; } = [];

    /// <summary>Page-locked host memory, by address.</summary>
    public Dictionary<nint, ulong> HostBlocks { get; } = [];

    /// <summary>Bytes allocated outside of pools.</summary>
    public ulong PlainBytes { get; set; }

    /// <summary>Number of allocations so far, for their names.</summary>
    public int Allocations { get; set; }

    /// <summary>Allocates page-locked memory, filled with what is never meant.</summary>
    public nint AllocateHost(ulong bytes)
    {
        var address = (nint)NativeMemory.AlignedAlloc((nuint)bytes, 4096);
        new Span<byte>((void*)address, (int)Math.Min(bytes, 1 << 20)).Fill(0xFF);
        HostBlocks[address] = bytes;
        return address;
    }

    /// <summary>Frees page-locked memory; false if none begins there.</summary>
    public bool FreeHost(nint address)
    {
        if (!HostBlocks.Remove(address))
        {
            return false;
        }

        NativeMemory.AlignedFree((void*)address);
        return true;
    }

    /// <summary>The running work reads a range.</summary>
    public void Reads(ulong address, ulong bytes) => Order?.Use(Memory, address, bytes, false);

    /// <summary>The running work writes a range.</summary>
    public void Writes(ulong address, ulong bytes) => Order?.Use(Memory, address, bytes, true);

    /// <summary>Says what is wrong with a range that work is to use, or null.</summary>
    public string? Misused(string what, ulong address, ulong bytes)
    {
        Allocation? found = Memory.Find(address);
        if (found is null || address + bytes > found.End || address + bytes < address)
        {
            return $"{what}: {Memory.Describe(address, bytes)}.";
        }

        return found.IsFreed || found.IsLeaving ? $"{what}: {bytes} bytes at 0x{address:x} are in '{found.Name}' ({found.Bytes} bytes), which was freed." : null;
    }

    /// <summary>Status that a fault gives.</summary>
    public static CuResult StatusOf(FindingKind kind) => kind switch
    {
        FindingKind.OutOfBounds or FindingKind.UseAfterFree => CuResult.IllegalAddress,
        FindingKind.Misaligned => CuResult.MisalignedAddress,
        FindingKind.WrongSpace => CuResult.InvalidAddressSpace,
        FindingKind.Assertion => CuResult.Assert,
        FindingKind.InvalidBranch => CuResult.InvalidProgramCounter,
        FindingKind.Deadlock or FindingKind.Timeout => CuResult.LaunchTimeout,
        _ => CuResult.LaunchFailed,
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (nint address in HostBlocks.Keys)
        {
            NativeMemory.AlignedFree((void*)address);
        }

        HostBlocks.Clear();
        Memory.Dispose();
    }
}
