using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;

namespace RewardForcing.Native.CudaSim;

/// <summary>What devices a simulated driver has, and how it runs their work.</summary>
public sealed record SimulatedDriverOptions
{
    /// <summary>The devices; may be none.</summary>
    public IReadOnlyList<DeviceProfile> Devices { get; init; } = [DeviceProfile.A100];

    /// <summary>How kernels are run: fast or checked, disturbed, shuffled.</summary>
    public SimulationOptions Execution { get; init; } = new();

    /// <summary>Memory of every device in bytes, where it is not to be that of its profile.</summary>
    public ulong? MemoryBytes { get; init; }

    /// <summary>
    /// Whether work waits until somebody waits for it, and then runs in a random order that streams and events allow. Without it, work runs when it
    /// is given to a stream.
    /// </summary>
    public bool Deferred { get; init; }

    /// <summary>
    /// Whether work of two streams on the same memory, which neither an event nor a wait of the host orders, is found. Null watches where work is
    /// <see cref="Deferred"/>. What launches use is known in checked mode only.
    /// </summary>
    public bool? StreamOrder { get; init; }

    /// <summary>Whether what checks find counts as a fault, so that the context fails (<c>LaunchFailed</c>). Findings are kept in either case.</summary>
    public bool FindingsAreFaults { get; init; } = true;

    /// <summary>
    /// Whether kernels and matrix products are checked and then left out, so that what they would write stays as it is: for tests of memory and
    /// order, which take no time then.
    /// </summary>
    public bool SkipsKernels { get; init; }

    /// <summary>Calls that are made to fail.</summary>
    public IReadOnlyList<InjectedFailure> Failures { get; init; } = [];

    /// <summary>Told of every launch that came to its end; null for nobody. It must not call the driver.</summary>
    public Action<LaunchReport>? Launched { get; init; }

    /// <summary>Version of CUDA it says to serve.</summary>
    public int Version { get; init; } = 12040;

    /// <summary>Whether streams do not wait for events: a mistake to be found.</summary>
    internal bool IgnoresEvents { get; init; }

    internal bool WatchesStreams => StreamOrder ?? Deferred;
}
