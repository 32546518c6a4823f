using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing.Simulation;

namespace RewardForcing.Native.KernelLab;

/// <summary>What came of running a workload on the simulated device, checked.</summary>
internal sealed class LabRun
{
    private LabRun(LabWorkload workload, IReadOnlyList<LaunchReport> launches, long leastBytes)
    {
        (Workload, Launches, Counts, LeastBytes) = (workload, launches, new KernelCounts(launches), leastBytes);
        Roofline = new Roofline(Counts, leastBytes);
    }

    /// <summary>What was run.</summary>
    public LabWorkload Workload { get; }

    /// <summary>Launches of its kernel; where the op has no kernel of its name, all it launched.</summary>
    public IReadOnlyList<LaunchReport> Launches { get; }

    /// <summary>What they did.</summary>
    public KernelCounts Counts { get; }

    /// <summary>Bytes of all operands and the result, each once.</summary>
    public long LeastBytes { get; }

    /// <summary>What bounds it on an H100.</summary>
    public Roofline Roofline { get; }

    /// <summary>Multiply-adds the tensor cores did.</summary>
    public long MultiplyAdds => Counts.MatrixMultiplyAdds + Counts.WarpgroupMultiplyAdds;

    /// <summary>Runs a workload.</summary>
    /// <param name="workload">What to run.</param>
    /// <param name="type">Element type of activations and weights.</param>
    /// <param name="profile">Device.</param>
    /// <exception cref="CudaException">The checks found something.</exception>
    public static LabRun Of(LabWorkload workload, DType type, DeviceProfile profile)
    {
        List<LaunchReport> launches = [];

        // Tiles are chosen by the number of multiprocessors: with one, a few blocks get those of a large problem.
        SimulatedDriverOptions options = new()
        {
            Devices = [profile with { Multiprocessors = 1 }],
            Execution = new SimulationOptions { Checked = true },
            Launched = launches.Add,
        };
        using CudaDevice device = SimulatedDevices.Open(options, ProductChoice.OwnKernels, checkMemory: false);
        using var pass = Pass.Inference(device);
        Tensor[] inputs = workload.Draw(pass, type);
        Tensor result = workload.Run(pass, inputs);
        device.Synchronize();
        LaunchReport[] Named(string pass) => [.. launches.Where(launch => launch.Kernel.StartsWith(workload.Kernel + pass, StringComparison.Ordinal))];
        LaunchReport[] own = Named("_forward") is { Length: > 0 } forward ? forward : Named("_backward");
        return new LabRun(workload, own.Length > 0 ? own : launches, inputs.Append(result).Sum(static tensor => tensor.Bytes));
    }
}
