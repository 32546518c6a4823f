using System.Globalization;
using System.Text.RegularExpressions;

namespace RewardForcing.Native.Cuda.Compilation;

/// <summary>What one compiled kernel takes of a multiprocessor, as the assembler reports it.</summary>
/// <param name="Entry">Name of the <c>__global__</c> function.</param>
/// <param name="Registers">32-bit registers of a thread.</param>
/// <param name="StackBytes">Local memory of a thread: arrays and spills.</param>
/// <param name="SpillStoreBytes">Bytes of registers a thread writes to local memory because there are too few.</param>
/// <param name="SpillLoadBytes">Bytes it reads back.</param>
/// <param name="StaticSharedBytes">Shared memory of a block, without the dynamic part.</param>
public sealed partial record KernelResources(
    string Entry, int Registers, int StackBytes, int SpillStoreBytes, int SpillLoadBytes, int StaticSharedBytes)
{
    /// <summary>Reads the report that <c>--ptxas-options=-v</c> puts into the compile log.</summary>
    /// <param name="log">Log of a compilation to machine code.</param>
    /// <returns>One entry for each kernel in the log, in its order.</returns>
    public static IReadOnlyList<KernelResources> Parse(string log)
    {
        List<KernelResources> kernels = [];
        string? entry = null;
        int stack = 0;
        int stores = 0;
        int loads = 0;
        foreach (string line in log.Split('\n'))
        {
            if (EntryLine().Match(line) is { Success: true } compiling)
            {
                entry = compiling.Groups[1].Value;
                stack = stores = loads = 0;
            }
            else if (StackLine().Match(line) is { Success: true } frame)
            {
                (stack, stores, loads) = (Number(frame.Groups[1]), Number(frame.Groups[2]), Number(frame.Groups[3]));
            }
            else if (entry is not null && UsedLine().Match(line) is { Success: true } used)
            {
                Match shared = SharedPart().Match(line);
                kernels.Add(new KernelResources(
                    entry, Number(used.Groups[1]), stack, stores, loads, shared.Success ? Number(shared.Groups[1]) : 0));
                entry = null;
            }
        }

        return kernels;
    }

    private static int Number(Group group) => int.Parse(group.Value, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex("Compiling entry function '([^']+)'")]
    private static partial Regex EntryLine();

    [GeneratedRegex(@"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")]
    private static partial Regex StackLine();

    [GeneratedRegex(@"Used (\d+) registers")]
    private static partial Regex UsedLine();

    [GeneratedRegex(@"(\d+)(?:\+\d+)? bytes smem")]
    private static partial Regex SharedPart();
}
