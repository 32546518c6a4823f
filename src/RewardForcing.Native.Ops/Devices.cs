using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Opens devices by name, so that nothing above this layer names a CUDA type.</summary>
public static class Devices
{
    /// <summary>Opens <c>cpu</c>.</summary>
    /// <param name="name">Name as given on the command line.</param>
    /// <param name="threads">Threads of the CPU device; 0 takes one for each logical processor.</param>
    /// <exception cref="ArgumentException">There is no device of that name.</exception>
    /// <exception cref="NotSupportedException">The device cannot be used by this build; nothing falls back to another one in silence.</exception>
    public static Device Open(string name, int threads = 0) => name switch
    {
        "cpu" => new CpuDevice(threads),
        "cuda" => throw NoCuda(name),
        _ when name.StartsWith("cuda:", StringComparison.Ordinal) => throw NoCuda(name),
        _ => throw new ArgumentException($"device: expected cpu, got {name}.", nameof(name)),
    };

    private static NotSupportedException NoCuda(string name) =>
        new($"device {name}: the CUDA path is not part of this version yet; use --device cpu.");
}
