using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing.Simulation;

namespace RewardForcing.Native.Testing.Cases;

/// <summary>A device all cases run on, opened in several ways that must not change a bit of any result.</summary>
/// <param name="Name">Shown in test names.</param>
/// <param name="Openings">Opens it; for the CPU once for each number of threads. With its memory checked where that can be done.</param>
public sealed record TestDevice(string Name, IReadOnlyList<Func<Device>> Openings)
{
    private const string Hopper = "_sm90";

    /// <summary><see cref="MostDraws"/> where running takes no time.</summary>
    public const int FastDraws = 16;

    /// <summary>Most inputs drawn for one size and one set of types; few where running takes long.</summary>
    public int MostDraws { get; init; } = FastDraws;

    /// <summary>Stems of the ops it is tried on, where others would only run the same kernels as on another device; null for all.</summary>
    public IReadOnlySet<string>? Only { get; init; }

    /// <summary>Whether an op is tried on it.</summary>
    public bool Tries(string op) => Only is null || Only.Contains(op);

    /// <summary>Every device of this machine: the CPU always, the simulated CUDA device where kernels can be compiled.</summary>
    public static IReadOnlyList<TestDevice> All { get; } =
    [
        new("cpu", [static () => new CpuDevice(1, checkMemory: true), static () => new CpuDevice(3, checkMemory: true)]),
        .. SimulatedDevices.AreAvailable ? Simulated : [],
    ];

    // The order of blocks and warps may not change a bit, so a shuffled run is another opening of the same device.
    private static IEnumerable<TestDevice> Simulated =>
    [
        new("cuda-sim", [static () => SimulatedDevices.Open(), static () => Simulate(new SimulationOptions { Shuffle = true, Seed = 7 })]),
        new("cuda-sim-checked", [static () => Simulate(new SimulationOptions { Checked = true, Shuffle = true, Seed = 11 })]) { MostDraws = 1 },
        new("cuda-sim-perturbed", [static () => Simulate(new SimulationOptions { Perturb = true, Shuffle = true, Seed = 13 })]) { MostDraws = 2 },
        new("cuda-sim-library", [static () => SimulatedDevices.Open(products: ProductChoice.Library)]) { MostDraws = 2, Only = (HashSet<string>)["fused_mlp", "linear"] },
        new("cuda-sim-sm90", [static () => SimulatedDevices.Open(new SimulatedDriverOptions { Devices = [DeviceProfile.H100] })])
        {
            Only = (HashSet<string>)[.. Devices.Kernels().Stems.Where(static stem => stem.EndsWith(Hopper, StringComparison.Ordinal)).Select(static stem => stem[..^Hopper.Length])],
        },
    ];

    /// <summary>The device of a name.</summary>
    public static TestDevice Of(string name) => All.Single(device => device.Name == name);

    private static Device Simulate(SimulationOptions execution) => SimulatedDevices.Open(new SimulatedDriverOptions { Execution = execution });
}
