using System.Globalization;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Cuda.Compilation;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Opens devices by name, so that nothing above this layer names a CUDA type.</summary>
public static class Devices
{
    private const string Cuda = "cuda";

    /// <summary>Opens <c>cpu</c>, <c>cuda</c> (the first GPU) or <c>cuda:N</c>.</summary>
    /// <param name="name">Name as given on the command line.</param>
    /// <param name="threads">Threads of the CPU device; 0 takes one for each logical processor.</param>
    /// <param name="debug">Text of <c>RF_DEBUG</c>: <c>launch</c>, <c>sync</c>, <c>nan</c>, or several with commas, for a CUDA device; null for none.</param>
    /// <param name="tell">Takes a line for each launch, with <c>launch</c>; null for nobody.</param>
    /// <exception cref="ArgumentException">There is no device of that name, or <paramref name="debug"/> is not understood.</exception>
    /// <exception cref="NotSupportedException">The device cannot be used on this machine, and why; nothing falls back to another one in silence.</exception>
    public static Device Open(string name, int threads = 0, string? debug = null, Action<string>? tell = null)
    {
        LaunchWatch? watch = LaunchWatch.Parse(debug, tell ?? (static _ => { }));
        return name == "cpu" ? new CpuDevice(threads)
            : Ordinal(name) is { } ordinal ? CudaMachine.Open(ordinal, Kernels(), watch)
            : throw new ArgumentException($"device: expected cpu, cuda or cuda:N, got {name}.", nameof(name));
    }

    /// <summary>The kernels that came with this assembly.</summary>
    internal static KernelSources Kernels() => KernelSources.Embedded(typeof(Devices).Assembly);

    private static int? Ordinal(string name) =>
        name == Cuda ? 0
        : name.StartsWith(Cuda + ":", StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(Cuda.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int ordinal) ? ordinal
        : null;
}
