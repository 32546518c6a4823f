using RewardForcing.Native.Cuda;

namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>Numbers a simulated device reports.</summary>
internal static class DeviceAttributes
{
    /// <summary>A number of a device, or null if it has none of that name.</summary>
    public static int? Get(DeviceProfile device, CudaDeviceAttribute attribute) => attribute switch
    {
        CudaDeviceAttribute.MaxThreadsPerBlock or CudaDeviceAttribute.MaxBlockX or CudaDeviceAttribute.MaxBlockY => 1024,
        CudaDeviceAttribute.MaxBlockZ => 64,
        CudaDeviceAttribute.MaxGridX => int.MaxValue,
        CudaDeviceAttribute.MaxGridY or CudaDeviceAttribute.MaxGridZ => 65535,
        CudaDeviceAttribute.MaxSharedBytesPerBlock => 48 << 10,
        CudaDeviceAttribute.WarpSize => 32,
        CudaDeviceAttribute.MaxRegistersPerBlock or CudaDeviceAttribute.MaxRegistersPerMultiprocessor => 65536,
        CudaDeviceAttribute.ClockKilohertz => device.ClockKilohertz,
        CudaDeviceAttribute.Multiprocessors => device.Multiprocessors,
        CudaDeviceAttribute.KernelTimeout or CudaDeviceAttribute.Integrated => 0,
        CudaDeviceAttribute.MemoryClockKilohertz => device.MemoryClockKilohertz,
        CudaDeviceAttribute.MemoryBusBits => device.MemoryBusBits,
        CudaDeviceAttribute.L2CacheBytes => device.L2CacheBytes,
        CudaDeviceAttribute.MaxThreadsPerMultiprocessor => device.ThreadsPerMultiprocessor,
        CudaDeviceAttribute.CopyEngines => 2,
        CudaDeviceAttribute.ComputeCapabilityMajor => device.Major,
        CudaDeviceAttribute.ComputeCapabilityMinor => device.Minor,
        CudaDeviceAttribute.MaxSharedBytesPerMultiprocessor => device.SharedBytesPerMultiprocessor,
        CudaDeviceAttribute.CooperativeLaunch or CudaDeviceAttribute.MemoryPools => 1,
        CudaDeviceAttribute.MaxSharedBytesPerBlockOptIn => device.SharedBytesPerBlock,
        CudaDeviceAttribute.MaxBlocksPerMultiprocessor => device.BlocksPerMultiprocessor,
        CudaDeviceAttribute.ReservedSharedBytesPerBlock => device.ReservedSharedBytes,
        CudaDeviceAttribute.ClusterLaunch or CudaDeviceAttribute.TensorMaps => device.Major >= 9 ? 1 : 0,
        _ => null,
    };
}
