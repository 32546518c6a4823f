using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim.Execution;

namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>A module in a context.</summary>
/// <param name="Context">Context it is loaded in.</param>
/// <param name="Image">What it was loaded from.</param>
/// <param name="Module">Its kernels.</param>
/// <param name="Registers">Registers of a thread by kernel, read from the machine code; empty without one.</param>
internal sealed record LoadedModule(SimulatedContext Context, KernelImage Image, SimulatedModule Module, IReadOnlyDictionary<string, int> Registers)
{
    /// <summary>Handles of its kernels by name.</summary>
    public Dictionary<string, nint> Functions { get; } = [];

    /// <summary>Whether it was unloaded.</summary>
    public bool IsUnloaded { get; set; }
}
