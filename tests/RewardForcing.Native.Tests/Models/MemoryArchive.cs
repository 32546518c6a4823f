using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Tests.Models;

/// <summary>An archive of random F32 tensors in memory, for tests of networks that need no file.</summary>
internal sealed class MemoryArchive : TensorArchive
{
    private readonly SortedDictionary<string, (TensorEntry Entry, float[] Values)> _tensors = new(StringComparer.Ordinal);

    public override string Path => "memory";

    public override string Format => "memory";

    public override IReadOnlyList<TensorEntry> Entries => [.. _tensors.Values.Select(static tensor => tensor.Entry)];

    public override IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    /// <summary>Random values of a size that keeps activations near 1, under names that may be translated.</summary>
    public static MemoryArchive Random(IEnumerable<ParameterSpec> declared, int seed, Func<string, string>? rename = null)
    {
        Random random = new(seed);
        MemoryArchive archive = new();
        foreach (ParameterSpec spec in declared)
        {
            bool norm = spec.Name.EndsWith("gamma", StringComparison.Ordinal) || spec.Name.Contains("norm", StringComparison.Ordinal);
            double scale = spec.Shape.Rank > 1 ? Math.Sqrt(3.0 * spec.Shape[0] / spec.Shape.Count) : 0.1;
            var values = new float[spec.Shape.Count];
            for (int i = 0; i < values.Length; i++)
            {
                double value = (2 * random.NextDouble()) - 1;
                values[i] = (float)(norm ? 1 + (0.2 * value) : scale * value);
            }

            archive.Set(rename?.Invoke(spec.Name) ?? spec.Name, spec.Shape, values);
        }

        return archive;
    }

    public void Set(string name, Shape shape, float[] values) =>
        _tensors[name] = (new TensorEntry(name, ElementType.F32, Array.ConvertAll(shape.ToArray(), static extent => (long)extent), 4L * values.Length, "memory"), values);

    public void Remove(string name) => _tensors.Remove(name);

    public override bool TryGet(string name, [NotNullWhen(true)] out TensorEntry? entry)
    {
        bool found = _tensors.TryGetValue(name, out (TensorEntry Entry, float[] Values) tensor);
        entry = found ? tensor.Entry : null;
        return found;
    }

    public override TensorBytes Map(TensorEntry entry)
    {
        GCHandle handle = GCHandle.Alloc(_tensors[entry.Name].Values, GCHandleType.Pinned);
        return new TensorBytes(handle.AddrOfPinnedObject(), entry.ByteLength, new Pin(handle));
    }

    private sealed class Pin(GCHandle handle) : IDisposable
    {
        private GCHandle _handle = handle;

        public void Dispose() => _handle.Free();
    }
}
