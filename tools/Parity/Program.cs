using System.Globalization;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing.Cases;
using RewardForcing.Native.Testing.Simulation;
using RewardForcing.Native.Testing.Golden;

string? folder = null;
string? filter = null;
string deviceName = "cpu";
bool isRounded = false;
for (int i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--device" when i + 1 < args.Length:
            deviceName = args[++i];
            break;
        case "--dtype" when i + 1 < args.Length && args[i + 1] is "f32" or "bf16":
            isRounded = args[++i] == "bf16";
            break;
        case "--filter" when i + 1 < args.Length:
            filter = args[++i];
            break;
        default:
            if (folder is not null || args[i].StartsWith('-'))
            {
                return Usage($"{args[i]} was not understood.");
            }

            folder = args[i];
            break;
    }
}

if (folder is null || !Directory.Exists(folder))
{
    return Usage(folder is null ? "A folder of reference cases is needed." : $"{folder}: there is no such folder.");
}

if (isRounded && deviceName == "cpu")
{
    return Usage("--dtype bf16 compares another device with the processor; give one with --device.");
}

Device device;
try
{
    device = SimulatedDevices.OpenByName(deviceName);
}
catch (Exception error) when (error is ArgumentException or NotSupportedException)
{
    return Usage(error.Message);
}

using (device)
{
    Console.WriteLine(device is CpuDevice cpu ? $"device cpu, {cpu.Workers.Threads} threads, kernels {KernelPath.Name}" : $"device {device.Name}");
    return Report(isRounded ? RoundedSuite.Run(folder, device, filter) : GoldenSuite.Run(folder, device, filter));
}

static int Report(IEnumerable<GoldenResult> results)
{
    Console.WriteLine($"{"case",-44} {"error",9} {"tolerance",9}  {"verdict",-13} {"seconds",8}  worst tensor");
    (int passed, int failed, int unsupported, int gradients) = (0, 0, 0, 0);
    foreach (GoldenResult result in results)
    {
        string verdict = !result.IsSupported ? "not supported" : result.Passed ? "passed" : "FAILED";
        (passed, failed, unsupported) = (passed + (result.Passed ? 1 : 0), failed + (result.IsSupported && !result.Passed ? 1 : 0), unsupported + (result.IsSupported ? 0 : 1));
        gradients += result.Gradients;
        string error = result.Worst is Comparison worst ? Number(worst.Error) : "-";
        string tolerance = result.Worst is Comparison limit ? Number(limit.Tolerance) : "-";
        string note = result.Failure ?? result.Worst?.Tensor ?? string.Empty;
        string seconds = result.Seconds.ToString("0.00", CultureInfo.InvariantCulture);
        string gradient = result.Gradients == 0 ? string.Empty : $" ({result.Gradients} gradients not supported yet)";
        Console.WriteLine($"{result.Case,-44} {error,9} {tolerance,9}  {verdict,-13} {seconds,8}  {note}{gradient}");
    }

    Console.WriteLine($"{passed} passed, {failed} failed, {unsupported} of kinds not supported yet; {gradients} gradients not compared.");
    return passed + failed + unsupported == 0 ? Usage("No reference cases were found.") : failed > 0 ? 1 : 0;
}

static string Number(double value) => value.ToString("0.0e+0", CultureInfo.InvariantCulture);

static int Usage(string sentence)
{
    Console.Error.WriteLine($"{sentence} Usage: Parity DIR [--device cpu|cuda[:N]|cuda-sim|cuda-sim-checked|cuda-sim-perturbed|cuda-sim-sm90] [--dtype f32|bf16] [--filter TEXT]");
    return 2;
}
