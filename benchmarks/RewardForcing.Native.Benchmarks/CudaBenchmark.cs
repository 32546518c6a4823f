using System.Globalization;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.KernelLab;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing.Cases;
using RewardForcing.Native.Testing.Simulation;

namespace RewardForcing.Native.Benchmarks;

/// <summary>Times every op on a CUDA device by its own clock, at a real model's size; on the simulated device it counts, and claims no time.</summary>
internal static class CudaBenchmark
{
    private const int WarmUps = 3;

    /// <summary>Runs it.</summary>
    /// <param name="arguments">Options.</param>
    /// <returns>The exit code.</returns>
    public static int Run(IReadOnlyList<string> arguments)
    {
        (string device, string? op, DType type, int rounds) = ("cuda:0", null, DType.BF16, 20);
        for (int i = 0; i < arguments.Count; i += 2)
        {
            string value = i + 1 < arguments.Count ? arguments[i + 1] : throw new ArgumentException($"bench cuda: {arguments[i]} needs a value.");
            switch (arguments[i])
            {
                case "--device":
                    device = value;
                    break;
                case "--op":
                    op = value;
                    break;
                case "--dtype" when value is "bf16" or "f32":
                    type = value == "f32" ? DType.F32 : DType.BF16;
                    break;
                case "--rounds" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0:
                    rounds = number;
                    break;
                default:
                    throw new ArgumentException($"bench cuda: {arguments[i]} {value} was not understood.");
            }
        }

        OpCase[] cases = [.. OpCases.All.Where(test => op is null || test.Name == op)];
        if (cases.Length == 0)
        {
            throw new ArgumentException($"bench cuda: there is no op {op}; there are {string.Join(", ", OpCases.All.Select(static test => test.Name))}.");
        }

        if (device.StartsWith("cuda-sim", StringComparison.Ordinal))
        {
            Count(cases, type, device == "cuda-sim-sm90" ? DeviceProfile.H100 : DeviceProfile.A100);
            return 0;
        }

        using Device opened = SimulatedDevices.OpenByName(device);
        Time(cases, type, opened as CudaDevice ?? throw new ArgumentException($"bench cuda: {device} is no CUDA device."), rounds);
        return 0;
    }

    private static void Count(OpCase[] cases, DType type, DeviceProfile profile)
    {
        Console.WriteLine($"{profile.Name}: counts of the simulated device at small sizes; it says nothing about time.");
        Console.WriteLine("| op | sizes | launches | warp instructions | tensor multiply-adds | bytes moved | at least | wavefronts a phase | sectors used |");
        Console.WriteLine("|---|---|--:|--:|--:|--:|--:|--:|--:|");
        foreach (OpCase test in cases)
        {
            var workload = LabWorkload.Small(test);
            LabRun run = LabRun.Of(workload, type, profile);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {test.Name} | {workload.Title} | {run.Launches.Count} | {run.Counts.Instructions} | {run.MultiplyAdds} | {run.Counts.SectorBytes} | {run.LeastBytes} | {run.Counts.WavefrontsPerPhase:F2} | {run.Counts.SectorEfficiency:P0} |"));
        }
    }

    private static void Time(OpCase[] cases, DType type, CudaDevice device, int rounds)
    {
        var peak = CudaPeak.Of(device);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{device.Product}: at most {peak.TensorRate / 1e12:F0} TFLOP/s dense bfloat16, {peak.Bandwidth / 1e9:F0} GB/s; median of {rounds}, second-level cache flushed"));
        Console.WriteLine("| op | sizes | us [min..max] | TFLOP/s | of peak | GB/s | of peak |");
        Console.WriteLine("|---|---|--:|--:|--:|--:|--:|");
        foreach (LabWorkload workload in cases.Select(LabWorkload.Real))
        {
            using var pass = Pass.Inference(device);
            Tensor[] inputs = workload.Draw(pass, type);

            // Twice the cache, read and written between two samples.
            Tensor other = pass.Zeros(new Shape(device.Attribute(CudaDeviceAttribute.L2CacheBytes) / 2), DType.F32);
            long bytes = inputs.Sum(static tensor => tensor.Bytes);
            double Sample()
            {
                using Scope scope = pass.BeginScope();
                Unary.Forward(pass, other, Activation.Relu);
                return device.Measure(() => bytes = inputs.Sum(static tensor => tensor.Bytes) + workload.Run(pass, inputs).Bytes);
            }

            for (int i = 0; i < WarmUps; i++)
            {
                Sample();
            }

            double[] sorted = [.. Enumerable.Range(0, rounds).Select(_ => Sample()).Order()];
            double seconds = (sorted[rounds / 2] + sorted[(rounds - 1) / 2]) / 2e3;
            double rate = 2.0 * workload.MultiplyAdds / seconds, moved = bytes / seconds;
            string tensor = rate > 0 ? string.Create(CultureInfo.InvariantCulture, $"{rate / 1e12:F1} | {rate / peak.TensorRate:P0}") : "- | -";
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {workload.Kernel} | {workload.Title} | {1e6 * seconds:F1} [{1e3 * sorted[0]:F1}..{1e3 * sorted[^1]:F1}] | {tensor} | {moved / 1e9:F0} | {moved / peak.Bandwidth:P0} |"));
        }
    }
}
