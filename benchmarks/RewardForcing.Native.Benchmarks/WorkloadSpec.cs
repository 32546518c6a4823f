using System.Globalization;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Benchmarks;

/// <summary>A workload by name: <c>kind:sizes</c>, such as <c>linear:1560x1536x8960</c>, and the types it runs in.</summary>
/// <param name="Kind">Which op or part of a network.</param>
/// <param name="Sizes">Its geometry; meaning and number depend on the kind.</param>
/// <param name="Activations">Type of inputs and outputs: F32 or BF16.</param>
/// <param name="Weights">Type weights are stored in.</param>
internal sealed record WorkloadSpec(string Kind, int[] Sizes, DType Activations = DType.F32, DType Weights = DType.F32)
{
    /// <summary>Kinds, what their sizes mean, and the sizes timed when none are given: those of Wan 2.1 1.3B at 480 x 832.</summary>
    public static IReadOnlyList<(string Kind, string Layout, string[] Sizes)> Kinds { get; } =
    [
        ("linear", "ROWSxINPUTSxOUTPUTS", ["1560x1536x1536", "1560x1536x8960", "1560x8960x1536", "256x192x768"]),
        ("attention", "QUERIESxKEYSxHEADSxWIDTH", ["1560x4680x12x128"]),
        ("conv3d", "CHANNELSxFRAMESxHEIGHTxWIDTH", ["96x4x120x208", "384x1x60x104"]),
        ("conv3d_training", "CHANNELSxFRAMESxHEIGHTxWIDTH", ["96x4x120x208", "384x1x60x104"]),
        ("vae_residual", "CHANNELSxFRAMESxHEIGHTxWIDTH", ["96x4x120x208", "384x1x60x104"]),
        ("block", "DIMxFFNxHEADSxTOKENSxTEXT", ["1536x8960x12x1560x512"]),
        ("block_training", "DIMxFFNxHEADSxTOKENSxTEXT", ["1536x8960x12x1560x512"]),
    ];

    /// <summary>As it is written on the command line.</summary>
    public string Name => $"{Kind}:{string.Join('x', Sizes)}";

    /// <summary>Everything of <see cref="Kinds"/>.</summary>
    public static IEnumerable<WorkloadSpec> Defaults => Kinds.SelectMany(static kind => kind.Sizes.Select(sizes => Parse($"{kind.Kind}:{sizes}")));

    /// <summary>Reads <c>kind:sizes</c>.</summary>
    /// <exception cref="ArgumentException">One sentence that says what was expected.</exception>
    public static WorkloadSpec Parse(string text)
    {
        string[] parts = text.Split(':');
        int[] sizes = parts.Length == 2
            ? [.. parts[1].Split('x').Select(static size => int.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : 0)]
            : [];
        string layout = Kinds.FirstOrDefault(kind => kind.Kind == parts[0]).Layout
            ?? throw new ArgumentException($"bench: expected KIND:SIZES with one of {string.Join(", ", Kinds.Select(static kind => kind.Kind))}, got {text}.");
        return sizes.Length == layout.Split('x').Length && sizes.All(static size => size > 0)
            ? new WorkloadSpec(parts[0], sizes)
            : throw new ArgumentException($"bench: expected {parts[0]}:{layout} with positive numbers, got {text}.");
    }

    /// <summary>Makes operands on a device of so many threads.</summary>
    public Workload Create(int threads) => Kind switch
    {
        "linear" => new WorkloadMaker(this, threads).Linear(),
        "attention" => new WorkloadMaker(this, threads).Attention(),
        "conv3d" => new WorkloadMaker(this, threads).Convolution(),
        "conv3d_training" => new WorkloadMaker(this, threads).TrainedConvolution(),
        "vae_residual" => new WorkloadMaker(this, threads).VaeResidual(),
        "block" => new WorkloadMaker(this, threads).Block(trains: false),
        _ => new WorkloadMaker(this, threads).Block(trains: true),
    };

    /// <inheritdoc/>
    public override string ToString() => Name;
}
