using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary>A device all cases run on, opened in several ways that must not change a bit of any result.</summary>
/// <param name="Name">Shown in test names.</param>
/// <param name="Openings">Opens it; for the CPU once for each number of threads. With its memory checked where that can be done.</param>
public sealed record TestDevice(string Name, IReadOnlyList<Func<Device>> Openings)
{
    /// <summary>Every device of this machine. The simulated and the real CUDA device join the list here.</summary>
    public static IReadOnlyList<TestDevice> All { get; } =
    [
        new("cpu", [static () => new CpuDevice(1, checkMemory: true), static () => new CpuDevice(3, checkMemory: true)]),
    ];

    /// <summary>The device of a name.</summary>
    public static TestDevice Of(string name) => All.Single(device => device.Name == name);
}
