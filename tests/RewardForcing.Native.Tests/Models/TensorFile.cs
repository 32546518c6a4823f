using System.Runtime.InteropServices;
using System.Text;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Tests.Models;

/// <summary>Writes small safetensors files for tests of loading, byte by byte, without the product's writer.</summary>
internal sealed class TensorFile : IDisposable
{
    private readonly List<(string Name, string Type, int[] Shape, byte[] Bytes)> _tensors = [];

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"rf-{Guid.NewGuid():N}.safetensors");

    /// <summary>All parameters of a config, their values drawn from their names, renamed and left out as asked.</summary>
    public static TensorFile Of(WanConfig config, Func<string, string?> rename)
    {
        TensorFile file = new();
        foreach (ParameterSpec spec in config.Parameters())
        {
            if (rename(spec.Name) is string name)
            {
                file.Add(name, spec.Shape.ToArray(), TinyWan.Noise(spec.Shape.Count, Seed(spec.Name)));
            }
        }

        return file;
    }

    public TensorFile Add(string name, int[] shape, float[] values) => Add(name, "F32", shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    public TensorFile Add(string name, string type, int[] shape, byte[] bytes)
    {
        _tensors.Add((name, type, shape, bytes));
        return this;
    }

    public TensorFile Write()
    {
        StringBuilder header = new("{");
        long offset = 0;
        foreach ((string name, string type, int[] shape, byte[] bytes) in _tensors)
        {
            header.Append(header.Length == 1 ? string.Empty : ",");
            header.Append($"\"{name}\":{{\"dtype\":\"{type}\",\"shape\":[{string.Join(',', shape)}],\"data_offsets\":[{offset},{offset + bytes.Length}]}}");
            offset += bytes.Length;
        }

        header.Append('}');
        header.Append(' ', (8 - (header.Length % 8)) % 8);
        using FileStream stream = File.Create(Path);
        stream.Write(BitConverter.GetBytes((long)header.Length));
        stream.Write(Encoding.ASCII.GetBytes(header.ToString()));
        foreach ((_, _, _, byte[] bytes) in _tensors)
        {
            stream.Write(bytes);
        }

        return this;
    }

    public void Dispose() => File.Delete(Path);

    private static int Seed(string name) => name.Aggregate(17, static (sum, letter) => unchecked((sum * 31) + letter));
}
