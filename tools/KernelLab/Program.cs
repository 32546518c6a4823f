using System.Text.Json;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Cuda.Compilation;
using RewardForcing.Native.KernelLab;

const string UsageText = "usage: KernelLab [--kernel STEM] [--arch sm_80|sm_86|sm_89|sm_90a] [--json] [--kernels FOLDER]";
string? only = null;
string? architecture = null;
string folder = "kernels";
bool json = false;
for (int i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--kernel" when i + 1 < args.Length:
            only = args[++i];
            break;
        case "--arch" when i + 1 < args.Length:
            architecture = args[++i];
            break;
        case "--kernels" when i + 1 < args.Length:
            folder = args[++i];
            break;
        case "--json":
            json = true;
            break;
        default:
            return Refuse($"{args[i]} was not understood.\n{UsageText}", 2);
    }
}

Multiprocessor[] targets = [.. Multiprocessor.All.Where(target => architecture is null || target.Architecture == architecture)];
if (targets.Length == 0)
{
    return Refuse($"{architecture} is no architecture kernels are compiled for.\n{UsageText}", 2);
}

KernelSources sources = KernelSources.FromFolder(folder);
string[] stems = [.. sources.Stems.Where(stem => only is null || stem == only)];
if (stems.Length == 0)
{
    return Refuse(only is null ? $"{folder} holds no kernels." : $"{folder} holds no kernel {only}.", 2);
}

if (KernelCompiler.Open(out string? missing) is not { } compiler)
{
    return Refuse(missing ?? "NVRTC is missing.", 1);
}

List<KernelRow> rows = [];
List<string> faults = [];
try
{
    KernelBudget budget = KernelBudget.Read(Path.Combine(folder, "budget.json"));
    KernelTable table = new(new KernelCache(KernelCache.DefaultFolder, compiler));
    foreach (KernelVariant variant in stems.SelectMany(stem => KernelVariant.Read(sources.Get(stem))))
    {
        foreach (Multiprocessor target in targets.Where(target => variant.Architecture is null || variant.Architecture == target.Architecture))
        {
            foreach (KernelRow row in table.Compile(variant, target))
            {
                rows.Add(row);
                faults.AddRange(budget.Judge(row));
                if (!json)
                {
                    Print(row);
                }
            }
        }
    }
}
catch (Exception error) when (error is CudaException or FormatException or IOException or ArgumentException)
{
    return Refuse(error.Message, 1);
}

if (json)
{
    JsonSerializerOptions options = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
    Console.WriteLine(JsonSerializer.Serialize(new { nvrtc = compiler.Version, kernels = rows, over_budget = faults }, options));
}

foreach (string fault in faults)
{
    Console.Error.WriteLine(fault);
}

if (!json)
{
    Console.WriteLine($"{rows.Count} kernels compiled with NVRTC {compiler.Version}, {faults.Count} over budget");
}

return faults.Count == 0 ? 0 : 1;

static void Print(KernelRow row) => Console.WriteLine(
    $"{row.Entry,-30} {row.Architecture,-6} {row.Registers,4} registers {row.SpillBytes,4} B spilled {row.StackBytes,4} B stack {row.SharedBytes,7} B shared "
    + $"{row.Blocks,3} blocks of {row.Threads,3} {row.Occupancy,4:P0}  {row.Variant}");

static int Refuse(string sentence, int code)
{
    Console.Error.WriteLine(sentence);
    return code;
}
