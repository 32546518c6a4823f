using System.Runtime.InteropServices;
using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing;
using Xunit;

namespace RewardForcing.Native.Tests.Generation;

/// <summary>A file of reference values, read into arrays.</summary>
internal sealed class Reference : IDisposable
{
    private readonly TensorArchive _archive;

    public Reference(string name)
    {
        _archive = TensorArchive.Open(Fixtures.Path(name));
        Config = _archive.Metadata.TryGetValue("config", out string? json) ? JsonDocument.Parse(json).RootElement : default;
    }

    public JsonElement Config { get; }

    public IEnumerable<string> Names => _archive.Entries.Select(static entry => entry.Name);

    public TensorArchive Archive => _archive;

    public int[] Shape(string name) => Array.ConvertAll(Entry(name).Shape, static extent => (int)extent);

    public float[] Floats(string name) => Entry(name).Type switch
    {
        ElementType.F32 => Values<float>(name),
        ElementType.BF16 => Array.ConvertAll(Values<BFloat16>(name), static value => (float)value),
        ElementType type => throw new NotSupportedException($"{name} is {type}."),
    };

    public T[] Values<T>(string name)
        where T : unmanaged
    {
        using TensorBytes bytes = _archive.Map(Entry(name));
        var raw = new byte[bytes.Length];
        Marshal.Copy(bytes.Address, raw, 0, raw.Length);
        return MemoryMarshal.Cast<byte, T>(raw).ToArray();
    }

    public void Dispose() => _archive.Dispose();

    /// <summary>Relative L2 distance.</summary>
    public static double Error(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        Assert.Equal(expected.Length, actual.Length);
        (double distance, double norm) = (0, 0);
        for (int i = 0; i < actual.Length; i++)
        {
            double difference = (double)actual[i] - expected[i];
            distance += difference * difference;
            norm += (double)expected[i] * expected[i];
        }

        return Math.Sqrt(distance / norm);
    }

    private TensorEntry Entry(string name) =>
        _archive.TryGet(name, out TensorEntry? entry) ? entry : throw new KeyNotFoundException(name);
}
