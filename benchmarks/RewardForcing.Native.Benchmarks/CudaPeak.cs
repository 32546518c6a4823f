using RewardForcing.Native.Cuda;

namespace RewardForcing.Native.Benchmarks;

/// <summary>What a CUDA device can do at most, from what it says of itself.</summary>
/// <param name="TensorRate">Dense bfloat16 operations per second of the tensor cores; NaN for architectures that are not known.</param>
/// <param name="Bandwidth">Bytes per second of its memory.</param>
internal readonly record struct CudaPeak(double TensorRate, double Bandwidth)
{
    /// <summary>Reads the device's numbers.</summary>
    /// <remarks>Operations per multiprocessor and cycle are those of NVIDIA's architecture whitepapers; the clock is the highest the device names.</remarks>
    public static CudaPeak Of(CudaDevice device)
    {
        double perCycle = device.Architecture switch
        {
            80 => 2048,
            86 or 89 => 512,
            90 => 4096,
            _ => double.NaN,
        };
        double clock = 1e3 * device.Attribute(CudaDeviceAttribute.ClockKilohertz);

        // Data moves on both edges of the memory's clock.
        double memory = 2e3 * device.Attribute(CudaDeviceAttribute.MemoryClockKilohertz) * device.Attribute(CudaDeviceAttribute.MemoryBusBits) / 8;
        return new CudaPeak(perCycle * clock * device.Multiprocessors, memory);
    }
}
