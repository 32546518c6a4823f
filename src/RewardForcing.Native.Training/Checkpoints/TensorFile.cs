using System.Runtime.InteropServices;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Writes tensors of a run to a safetensors file and reads them back into the same tensors, bit for bit.</summary>
internal static class TensorFile
{
    /// <summary>Writes a file; it is whole or not there.</summary>
    /// <param name="path">Target.</param>
    /// <param name="tensors">Names and tensors, F32 or BF16.</param>
    /// <param name="metadata">What the file says of itself.</param>
    public static void Write(string path, IEnumerable<(string Name, Tensor Value)> tensors, IReadOnlyDictionary<string, string> metadata) =>
        SafetensorsWriter.Write(path, [.. tensors.Select(static tensor => Writable(tensor.Name, tensor.Value))], metadata);

    /// <summary>A tensor about to be written as it is stored.</summary>
    /// <param name="name">Key.</param>
    /// <param name="value">F32 or BF16.</param>
    public static WritableTensor Writable(string name, Tensor value) =>
        new(name, value.DType == DType.BF16 ? ElementType.BF16 : ElementType.F32, Extents(value.Shape), stream =>
            stream.Write(value.DType == DType.BF16 ? MemoryMarshal.AsBytes(value.ToArray<BFloat16>().AsSpan()) : MemoryMarshal.AsBytes(value.ToArray<float>().AsSpan())));

    /// <summary>A tensor about to be written as F32.</summary>
    /// <param name="name">Key.</param>
    /// <param name="value">Of any float type.</param>
    public static WritableTensor Widened(string name, Tensor value) =>
        new(name, ElementType.F32, Extents(value.Shape), stream => stream.Write(MemoryMarshal.AsBytes(value.ToFloats().AsSpan())));

    /// <summary>Reads a file into tensors.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">Names and tensors: exactly those the file has.</param>
    /// <exception cref="ModelFormatException">The file is damaged, or its tensors are not those.</exception>
    public static void Read(string path, IReadOnlyList<(string Name, Tensor Value)> tensors)
    {
        using TensorArchive archive = TensorArchive.Open(path);
        if (archive.Entries.Count != tensors.Count)
        {
            throw new ModelFormatException(path, $"holds {archive.Entries.Count} tensors, expected {tensors.Count}; it is a checkpoint of another network or run");
        }

        foreach ((string name, Tensor value) in tensors)
        {
            if (!archive.TryGet(name, out TensorEntry? entry) || !entry.Shape.AsSpan().SequenceEqual(Extents(value.Shape)))
            {
                throw new ModelFormatException(path, $"has no {name} of {value.Shape}; it is a checkpoint of another network or run", name);
            }

            if (entry.Type != (value.DType == DType.BF16 ? ElementType.BF16 : ElementType.F32))
            {
                throw new ModelFormatException(path, $"stores {name} as {entry.Type}, expected {value.DType}", name);
            }

            using TensorBytes bytes = archive.Map(entry);
            byte[] copy = new byte[bytes.Length];
            bytes.CopyTo(0, copy);
            if (value.DType == DType.BF16)
            {
                value.CopyFrom<BFloat16>(MemoryMarshal.Cast<byte, BFloat16>(copy));
            }
            else
            {
                value.CopyFrom<float>(MemoryMarshal.Cast<byte, float>(copy));
            }
        }
    }

    private static long[] Extents(Shape shape) => [.. Enumerable.Range(0, shape.Rank).Select(axis => (long)shape[axis])];
}
