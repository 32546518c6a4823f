using RewardForcing.Native.Testing.Cases;

namespace RewardForcing.Native.TestProcess;

/// <summary>Runs the cases of all ops in a process whose SIMD settings the test has chosen.</summary>
internal static class CaseRun
{
    /// <summary>Prints the kernels used, every complaint and the number of sizes; returns 1 if there was a complaint.</summary>
    /// <param name="device">Name of a <see cref="TestDevice"/>.</param>
    public static int Run(string device)
    {
        Console.WriteLine($"kernels {KernelPath.Name}");
        OpSample[] samples = [.. OpCases.All.SelectMany(static test => test.Samples.SkipLast(1))];
        int complaints = 0;
        foreach (string complaint in samples.SelectMany(sample => OpCaseCheck.Forward(sample, TestDevice.Of(device))))
        {
            Console.WriteLine(complaint);
            complaints++;
        }

        Console.WriteLine($"{OpCases.All.Count} ops, {samples.Length} sizes, {complaints} complaints");
        return complaints == 0 ? 0 : 1;
    }
}
