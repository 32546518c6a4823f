using System.Runtime.InteropServices;
using RewardForcing.Native.Ops;

namespace RewardForcing.Native.Benchmarks;

/// <summary>Says on what numbers were measured.</summary>
internal static class Machine
{
    /// <summary>Processor, logical cores, vectors, runtime.</summary>
    public static string Describe() => $"{Processor()}, {Environment.ProcessorCount} logical cores, {SimdPaths.Best}, {RuntimeInformation.FrameworkDescription}";

    private static string Processor()
    {
        const string list = "/proc/cpuinfo";
        string? line = File.Exists(list) ? File.ReadLines(list).FirstOrDefault(static line => line.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':') + 1)..].Trim();
    }
}
