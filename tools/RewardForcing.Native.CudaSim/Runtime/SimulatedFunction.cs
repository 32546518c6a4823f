using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>A kernel of a loaded module, with what was set for it.</summary>
internal sealed class SimulatedFunction
{
    private const int DefaultSharedBytes = 48 << 10;
    private const int PortableCluster = 8;
    private const int LargestCluster = 16;

    private readonly DeviceProfile _profile;

    public SimulatedFunction(LoadedModule owner, PtxKernel kernel, DeviceProfile profile)
    {
        (Owner, Kernel, _profile) = (owner, kernel, profile);
        StaticSharedBytes = owner.Module.StaticSharedBytes(kernel.Name);
        LocalBytes = owner.Module.LocalBytes(kernel.Name);
        Registers = owner.Registers.TryGetValue(kernel.Name, out int registers) && registers > 0 ? registers : owner.Module.EstimateRegisters(kernel.Name);
        MaxDynamicSharedBytes = Math.Max(0, DefaultSharedBytes - StaticSharedBytes);
    }

    /// <summary>Module it is in.</summary>
    public LoadedModule Owner { get; }

    /// <summary>The kernel.</summary>
    public PtxKernel Kernel { get; }

    /// <summary>Shared memory its variables take.</summary>
    public int StaticSharedBytes { get; }

    /// <summary>Local memory of a thread.</summary>
    public int LocalBytes { get; }

    /// <summary>Registers of a thread.</summary>
    public int Registers { get; }

    /// <summary>Dynamic shared memory a launch may ask for.</summary>
    public int MaxDynamicSharedBytes { get; private set; }

    /// <summary>Wished share of shared memory, in percent.</summary>
    public int Carveout { get; private set; } = -1;

    /// <summary>Whether more than 8 blocks may be in a cluster.</summary>
    public bool AllowsLargeClusters { get; private set; }

    /// <summary>Most threads that its launch bounds allow.</summary>
    public int BoundThreads => Kernel.MaxThreads > 0 ? Math.Min(Kernel.MaxThreads, 1024) : 1024;

    /// <summary>One of its numbers, or null.</summary>
    public int? Get(CudaFunctionAttribute attribute) => attribute switch
    {
        CudaFunctionAttribute.MaxThreadsPerBlock => Math.Min(BoundThreads, 65536 / RegistersOf(32) * 32),
        CudaFunctionAttribute.StaticSharedBytes => StaticSharedBytes,
        CudaFunctionAttribute.ConstantBytes => (int)Owner.Module.Ptx.Variables.Values.Where(variable => variable.Space == PtxSpace.Constant).Sum(variable => variable.Bytes),
        CudaFunctionAttribute.LocalBytes => LocalBytes,
        CudaFunctionAttribute.Registers => Registers,
        CudaFunctionAttribute.PtxVersion => Owner.Module.Ptx.Version,
        CudaFunctionAttribute.BinaryVersion => _profile.Architecture,
        CudaFunctionAttribute.MaxDynamicSharedBytes => MaxDynamicSharedBytes,
        CudaFunctionAttribute.SharedCarveout => Carveout,
        CudaFunctionAttribute.ClusterSizeMustBeSet => Kernel.ExplicitCluster && Kernel.Cluster.X == 0 ? 1 : 0,
        CudaFunctionAttribute.RequiredClusterX => Kernel.Cluster.X,
        CudaFunctionAttribute.RequiredClusterY => Kernel.Cluster.Y,
        CudaFunctionAttribute.RequiredClusterZ => Kernel.Cluster.Z,
        CudaFunctionAttribute.NonPortableClusterSizeAllowed => AllowsLargeClusters ? 1 : 0,
        _ => null,
    };

    /// <summary>Sets one of its numbers; says why it cannot, or returns null.</summary>
    public string? Set(CudaFunctionAttribute attribute, int value)
    {
        switch (attribute)
        {
            case CudaFunctionAttribute.MaxDynamicSharedBytes:
                int most = _profile.SharedBytesPerBlock - StaticSharedBytes;
                if (value < 0 || value > most)
                {
                    return $"{Kernel.Name}: {value} bytes of dynamic shared memory; {_profile.Name} has {most} besides {StaticSharedBytes} static ones.";
                }

                MaxDynamicSharedBytes = value;
                return null;
            case CudaFunctionAttribute.SharedCarveout when value is >= -1 and <= 100:
                Carveout = value;
                return null;
            case CudaFunctionAttribute.NonPortableClusterSizeAllowed when value is 0 or 1:
                AllowsLargeClusters = value == 1;
                return null;
            default:
                return $"{Kernel.Name}: {attribute} cannot be set to {value}.";
        }
    }

    /// <summary>Blocks of it that a multiprocessor holds.</summary>
    public int ActiveBlocks(int threads, int dynamicSharedBytes)
    {
        int warps = (threads + Lanes.Count - 1) / Lanes.Count;
        int shared = (StaticSharedBytes + dynamicSharedBytes + _profile.ReservedSharedBytes + 127) / 128 * 128;
        int blocks = Math.Min(_profile.BlocksPerMultiprocessor, _profile.ThreadsPerMultiprocessor / (warps * Lanes.Count));
        blocks = Math.Min(blocks, 65536 / RegistersOf(warps * Lanes.Count));
        return Math.Min(blocks, _profile.SharedBytesPerMultiprocessor / shared);
    }

    /// <summary>Blocks of a cluster of a launch.</summary>
    public CudaExtent ClusterOf(in LaunchShape shape) =>
        shape.Cluster.Count > 0 ? shape.Cluster : Kernel.Cluster.X > 0 ? new CudaExtent(Kernel.Cluster.X, Kernel.Cluster.Y, Kernel.Cluster.Z) : new CudaExtent(1);

    /// <summary>Says why a launch is not possible, and with which status, or returns success.</summary>
    public CuResult Refuses(in LaunchShape shape, int argumentBytes, out string? why)
    {
        (CudaExtent grid, CudaExtent block) = (shape.Grid, shape.Block);
        if (grid.X < 1 || grid.Y is < 1 or > 65535 || grid.Z is < 1 or > 65535)
        {
            return Refuse(CuResult.InvalidValue, $"its grid is {grid}; each extent is at least 1, and at most 2,147,483,647, 65,535 and 65,535", out why);
        }

        if (block.X is < 1 or > 1024 || block.Y is < 1 or > 1024 || block.Z is < 1 or > 64 || block.Count > BoundThreads)
        {
            return Refuse(CuResult.InvalidValue, $"its block is {block}; it may have 1 to {BoundThreads} threads, at most 64 of them along z", out why);
        }

        if (Kernel.RequiredThreads > 0 && block.Count != Kernel.RequiredThreads)
        {
            return Refuse(CuResult.InvalidValue, $"its block is {block}, and it was compiled for exactly {Kernel.RequiredThreads} threads", out why);
        }

        if (argumentBytes != Kernel.ParameterBytes)
        {
            return Refuse(CuResult.InvalidValue, $"its {Kernel.Parameters.Count} arguments take {Kernel.ParameterBytes} bytes, and the image has {argumentBytes}", out why);
        }

        if (shape.DynamicSharedBytes < 0 || shape.DynamicSharedBytes > MaxDynamicSharedBytes)
        {
            return Refuse(CuResult.InvalidValue, $"{shape.DynamicSharedBytes} bytes of dynamic shared memory are asked for, and {MaxDynamicSharedBytes} are allowed; MaxDynamicSharedBytes allows more", out why);
        }

        if (RegistersOf((int)block.Count) > 65536)
        {
            return Refuse(CuResult.LaunchOutOfResources, $"{Registers} registers for each of {block.Count} threads are more than 65,536", out why);
        }

        return RefusesCluster(shape, out why);
    }

    private CuResult RefusesCluster(in LaunchShape shape, out string? why)
    {
        CudaExtent cluster = ClusterOf(shape), required = new(Kernel.Cluster.X, Kernel.Cluster.Y, Kernel.Cluster.Z);
        if (Kernel.ExplicitCluster && cluster.Count <= 1 && shape.Cluster.Count == 0)
        {
            return Refuse(CuResult.InvalidClusterSize, "its launch must name a cluster shape", out why);
        }

        if (required.Count > 0 && cluster != required)
        {
            return Refuse(CuResult.InvalidClusterSize, $"its cluster is {cluster}, and it was compiled for {required}", out why);
        }

        int most = AllowsLargeClusters ? LargestCluster : PortableCluster;
        if (cluster.Count > 1 && (_profile.Major < 9 || cluster.Count > most))
        {
            return Refuse(CuResult.InvalidClusterSize, $"its cluster is {cluster}; {_profile.Name} allows {(_profile.Major < 9 ? 1 : most)} blocks", out why);
        }

        if (shape.Grid.X % cluster.X != 0 || shape.Grid.Y % cluster.Y != 0 || shape.Grid.Z % cluster.Z != 0)
        {
            return Refuse(CuResult.InvalidValue, $"its grid {shape.Grid} is no multiple of its cluster {cluster}", out why);
        }

        long held = (long)ActiveBlocks((int)shape.Block.Count, shape.DynamicSharedBytes) * _profile.Multiprocessors;
        if (held == 0)
        {
            return Refuse(CuResult.LaunchOutOfResources, "no multiprocessor holds one of its blocks", out why);
        }

        if (shape.Cooperative && shape.Grid.Count > held)
        {
            return Refuse(CuResult.CooperativeLaunchTooLarge, $"its grid has {shape.Grid.Count} blocks, and the device holds {held} at once", out why);
        }

        why = null;
        return CuResult.Success;
    }

    private CuResult Refuse(CuResult result, string reason, out string? why)
    {
        why = $"{Kernel.Name} cannot be launched: {reason}.";
        return result;
    }

    // Registers are given to warps in pieces of 256.
    private int RegistersOf(int threads) => (Registers * Lanes.Count + 255) / 256 * 256 * ((threads + Lanes.Count - 1) / Lanes.Count);
}
