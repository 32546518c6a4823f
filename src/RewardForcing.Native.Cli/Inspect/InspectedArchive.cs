using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;

namespace RewardForcing.Native.Cli;

/// <summary>Tensors: a file, or several that an index holds together.</summary>
/// <param name="Part">What it is of a model folder; null outside of one.</param>
/// <param name="Path">Where it is.</param>
/// <param name="Format">Of the file.</param>
/// <param name="Model">What it was recognised as.</param>
/// <param name="Metadata">Text the file carries beside its tensors.</param>
/// <param name="Warnings">What is odd about it, one sentence each.</param>
/// <param name="Tensors">All tensors, sorted by name.</param>
/// <param name="HasOddValues">Whether some values are NaN or infinite; null where they were not read.</param>
public sealed record InspectedArchive(
    ModelPart? Part, string Path, string Format, RecognizedModel Model, IReadOnlyDictionary<string, string> Metadata, IReadOnlyList<string> Warnings, IReadOnlyList<TensorEntry> Tensors, bool? HasOddValues)
    : InspectedItem(Part, Path)
{
    /// <summary>Elements of some tensors.</summary>
    /// <param name="tensors">Which.</param>
    public static long Elements(IEnumerable<TensorEntry> tensors) => tensors.Sum(static tensor => tensor.Shape.Aggregate(1L, static (product, extent) => product * extent));

    /// <summary>Bytes of some tensors.</summary>
    /// <param name="tensors">Which.</param>
    public static long Bytes(IEnumerable<TensorEntry> tensors) => tensors.Sum(static tensor => tensor.ByteLength);

    /// <summary>The networks a training checkpoint holds, such as <c>generator_ema</c>, with their tensors; empty for a file of one network.</summary>
    public IReadOnlyList<(string Name, int Tensors)> Groups => Model.Kind != ModelKind.GeneratorCheckpoint ? []
        : [.. Tensors.GroupBy(static tensor => tensor.Name.Split('.', 2)[0], StringComparer.Ordinal).Select(static group => (group.Key, group.Count())).OrderBy(static group => group.Key, StringComparer.Ordinal)];
}
