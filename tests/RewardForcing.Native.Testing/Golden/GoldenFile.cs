using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>A file of reference values: inputs <c>in.*</c>, outputs <c>out.*</c>, and weights in it or in files beside it.</summary>
public sealed class GoldenFile : IDisposable
{
    private readonly JsonDocument? _config;
    private readonly IReadOnlyDictionary<string, double> _tolerances;

    /// <summary>Opens a case.</summary>
    /// <param name="path">The file; tolerances are read from its metadata or from <c>index.md</c> beside it.</param>
    /// <param name="type">Type in which networks compute it: F32 or BF16.</param>
    public GoldenFile(string path, DType type = DType.F32)
    {
        Type = type;
        Path = System.IO.Path.GetFullPath(path);
        Name = System.IO.Path.GetFileNameWithoutExtension(path);
        Archive = TensorArchive.Open(path);
        _config = Metadata.TryGetValue("config", out string? json) ? JsonDocument.Parse(json) : null;
        _tolerances = GoldenTolerances.For(this);
    }

    /// <summary>Full path of the file.</summary>
    public string Path { get; }

    /// <summary>Type of the activations of networks.</summary>
    public DType Type { get; }

    /// <summary>Types of the weights of networks: with BF16 activations they are rounded to BF16 before anything is computed, as all inputs are.</summary>
    public WeightRules Rules => new() { RoundTo = Type == DType.F32 ? null : Type };

    /// <summary>Name of the case.</summary>
    public string Name { get; }

    /// <summary>The tensors.</summary>
    public TensorArchive Archive { get; }

    /// <summary>Geometry and options of the case; undefined if it has none.</summary>
    public JsonElement Config => _config?.RootElement ?? default;

    /// <summary>Text the file carries.</summary>
    public IReadOnlyDictionary<string, string> Metadata => Archive.Metadata;

    /// <summary>Names of all tensors.</summary>
    public IEnumerable<string> Names => Archive.Entries.Select(static entry => entry.Name);

    /// <summary>Files of weights the case uses, with full paths; none if the weights are in the case itself.</summary>
    public IReadOnlyList<string> WeightsFiles => !Metadata.TryGetValue("weights", out string? names) ? []
        : [.. Regex.Matches(names, @"[\w.\-]+\.safetensors").Select(match => System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, match.Value))];

    /// <summary>Whether the configuration has a value of this name.</summary>
    /// <param name="key">The name.</param>
    public bool HasConfig(string key) => Config.ValueKind == JsonValueKind.Object && Config.TryGetProperty(key, out _);

    /// <summary>Whether the file has a tensor of this name.</summary>
    /// <param name="name">The name.</param>
    public bool Has(string name) => Archive.TryGet(name, out _);

    /// <summary>Extents of a tensor.</summary>
    /// <param name="name">Its name.</param>
    public int[] ShapeOf(string name) => Array.ConvertAll(Entry(name).Shape, static extent => checked((int)extent));

    /// <summary>Elements of a float tensor.</summary>
    /// <param name="name">Its name.</param>
    public float[] Floats(string name) => Entry(name).Type switch
    {
        ElementType.F32 => MemoryMarshal.Cast<byte, float>(Bytes(name)).ToArray(),
        ElementType.BF16 => Array.ConvertAll(MemoryMarshal.Cast<byte, BFloat16>(Bytes(name)).ToArray(), static value => (float)value),
        ElementType.F16 => Array.ConvertAll(MemoryMarshal.Cast<byte, Half>(Bytes(name)).ToArray(), static value => (float)value),
        ElementType type => throw new NotSupportedException($"{Name}: {name} is {type}, not a float type."),
    };

    /// <summary>Elements of an integer tensor.</summary>
    /// <param name="name">Its name.</param>
    public long[] Longs(string name) => Entry(name).Type switch
    {
        ElementType.I64 => MemoryMarshal.Cast<byte, long>(Bytes(name)).ToArray(),
        ElementType.I32 => Array.ConvertAll(MemoryMarshal.Cast<byte, int>(Bytes(name)).ToArray(), static value => (long)value),
        ElementType.U32 => Array.ConvertAll(MemoryMarshal.Cast<byte, uint>(Bytes(name)).ToArray(), static value => (long)value),
        ElementType.U8 or ElementType.Bool => Array.ConvertAll(Bytes(name), static value => (long)value),
        ElementType type => throw new NotSupportedException($"{Name}: {name} is {type}, not an integer type."),
    };

    /// <summary>A tensor of whole numbers that fit 32 bits, such as tokens.</summary>
    public int[] Ints(string name) => Array.ConvertAll(Longs(name), static value => (int)value);

    /// <summary>Bytes of a tensor.</summary>
    /// <param name="name">Its name.</param>
    public byte[] Bytes(string name)
    {
        using TensorBytes bytes = Archive.Map(Entry(name));
        var copy = new byte[bytes.Length];
        Marshal.Copy(bytes.Address, copy, 0, copy.Length);
        return copy;
    }

    /// <summary>Opens the file the weights are in: the case itself, or the one file it names.</summary>
    public TensorArchive OpenWeights() => TensorArchive.Open(WeightsFiles.Count == 0 ? Path : WeightsFiles[0]);

    /// <summary>The tolerance that is suggested for a reference value, or for all values of a kind.</summary>
    /// <param name="name">Name of the value, or a word such as <c>latents</c>.</param>
    /// <param name="fallback">Where nothing is suggested.</param>
    public double Tolerance(string name, double fallback = 2e-6)
    {
        string shortName = name.StartsWith("out.", StringComparison.Ordinal) ? name[4..] : name;
        return _tolerances.TryGetValue(name, out double own) || _tolerances.TryGetValue(shortName, out own) ? own
            : _tolerances.TryGetValue("out", out double all) ? all : fallback;
    }

    /// <summary>Compares floats by relative L2 distance.</summary>
    /// <param name="name">The reference value.</param>
    /// <param name="actual">What was computed.</param>
    /// <param name="tolerance">Null takes the suggested one.</param>
    public Comparison Compare(string name, ReadOnlySpan<float> actual, double? tolerance = null) =>
        new(name, Distance(Floats(name), actual), tolerance ?? Tolerance(name));

    /// <summary>Compares integers, which must be equal.</summary>
    /// <param name="name">The reference value.</param>
    /// <param name="actual">What was computed.</param>
    public Comparison CompareExactly(string name, ReadOnlySpan<long> actual) =>
        new(name, Longs(name).AsSpan().SequenceEqual(actual) ? 0 : double.PositiveInfinity, 0);

    /// <summary>Relative L2 distance; infinite if the lengths differ or something is no number.</summary>
    /// <param name="expected">Reference.</param>
    /// <param name="actual">What was computed.</param>
    public static double Distance(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        if (expected.Length != actual.Length)
        {
            return double.PositiveInfinity;
        }

        (double distance, double norm) = (0, 0);
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = (double)actual[i] - expected[i];
            distance += difference * difference;
            norm += (double)expected[i] * expected[i];
        }

        double error = Math.Sqrt(distance) / (norm > 0 ? Math.Sqrt(norm) : 1);
        return double.IsNaN(error) ? double.PositiveInfinity : error;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Archive.Dispose();
        _config?.Dispose();
    }

    private TensorEntry Entry(string name) =>
        Archive.TryGet(name, out TensorEntry? entry) ? entry : throw new KeyNotFoundException($"{Name}: there is no tensor {name}.");
}
