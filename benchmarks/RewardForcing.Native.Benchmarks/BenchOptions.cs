using System.Globalization;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Benchmarks;

/// <summary>What is timed and how often, from the command line.</summary>
internal sealed class BenchOptions
{
    public const string Usage = """
        usage: bench [OPTION]... [KIND:SIZES]... [BenchmarkDotNet's options]
               bench quick [OPTION]... [KIND:SIZES]...     the same table within a minute or two
               bench checkpoint FILE [HEIGHT WIDTH]        load time, memory and denoising steps of a transformer
               bench cuda [--device cuda:N|cuda-sim] [--op NAME] [--dtype bf16|f32] [--rounds N]
                                                           every op at a real model's size on a GPU; on cuda-sim counts at a small one
          --threads N,N     numbers of threads (default: 1, and all)
          --dtype T         type of activations: f32 (default) or bf16
          --weights T       type weights are stored in: f32 (default), bf16, f16 or f8e4m3
          --rounds N        samples of each case (quick only, default 7)
          --json FILE       where to write every sample (default: BenchmarkDotNet.Artifacts/cpu.json)
        """;

    private static readonly string[] Own = ["--threads", "--rounds", "--json", "--dtype", "--weights"];

    public List<WorkloadSpec> Cases { get; private set; } = [];

    public int[] Threads { get; private set; } = [.. new[] { 1, Environment.ProcessorCount }.Distinct()];

    public int Rounds { get; private set; } = 7;

    public string Json { get; private set; } = Path.Combine("BenchmarkDotNet.Artifacts", "cpu.json");

    /// <summary>Everything from the first option on that is not ours.</summary>
    public string[] Rest { get; private set; } = [];

    /// <summary>Reads the command line.</summary>
    /// <exception cref="ArgumentException">One sentence that says what was expected.</exception>
    public static BenchOptions Parse(ReadOnlySpan<string> arguments)
    {
        BenchOptions options = new();
        (DType activations, DType weights) = (DType.F32, DType.F32);
        for (int i = 0; i < arguments.Length; i++)
        {
            string argument = arguments[i];
            if (!argument.StartsWith("--", StringComparison.Ordinal))
            {
                options.Cases.Add(WorkloadSpec.Parse(argument));
                continue;
            }

            if (!Own.Contains(argument))
            {
                options.Rest = arguments[i..].ToArray();
                break;
            }

            string value = i + 1 < arguments.Length ? arguments[++i] : throw new ArgumentException($"bench: {argument} needs a value.");
            switch (argument)
            {
                case "--threads":
                    options.Threads = [.. value.Split(',').Select(part => Positive(argument, part))];
                    break;
                case "--rounds":
                    options.Rounds = Positive(argument, value);
                    break;
                case "--json":
                    options.Json = value;
                    break;
                case "--dtype":
                    activations = Type(argument, value, DType.F32, DType.BF16);
                    break;
                default:
                    weights = Type(argument, value, DType.F32, DType.BF16, DType.F16, DType.F8E4M3);
                    break;
            }
        }

        IEnumerable<WorkloadSpec> chosen = options.Cases.Count > 0 ? options.Cases : WorkloadSpec.Defaults;
        options.Cases = [.. chosen.Select(spec => spec with { Activations = activations, Weights = weights })];
        return options;
    }

    private static int Positive(string option, string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value > 0
            ? value
            : throw new ArgumentException($"bench: {option} must be a positive number, got {text}.");

    private static DType Type(string option, string text, params DType[] allowed)
    {
        int at = Array.FindIndex(allowed, type => type.ToString().Equals(text, StringComparison.OrdinalIgnoreCase));
        return at >= 0
            ? allowed[at]
            : throw new ArgumentException($"bench: {option} must be {string.Join(" or ", allowed.Select(static type => type.ToString().ToLowerInvariant()))}, got {text}.");
    }
}
