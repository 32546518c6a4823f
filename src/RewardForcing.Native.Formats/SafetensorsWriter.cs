using System.Buffers.Binary;
using System.Text.Json;

namespace RewardForcing.Native.Formats;

/// <summary>Writes safetensors files: a JSON header, then the elements of every tensor without gaps.</summary>
public static class SafetensorsWriter
{
    private const int Alignment = 8;

    /// <summary>Writes one file. It is whole or not there.</summary>
    /// <param name="path">Target.</param>
    /// <param name="tensors">In any order; wide elements are stored first and then by name, so that every tensor starts aligned to its element.</param>
    /// <param name="metadata">Text under <c>__metadata__</c>; null or empty writes none.</param>
    /// <exception cref="ArgumentException">Two tensors share a name, an extent is negative, or a tensor does not fill whole bytes.</exception>
    public static void Write(string path, IReadOnlyList<WritableTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        List<WritableTensor> order = [.. tensors.OrderByDescending(static tensor => tensor.Type.Bits()).ThenBy(static tensor => tensor.Name, StringComparer.Ordinal)];
        byte[] start = Start(order, metadata);
        WholeFile.Write(path, stream =>
        {
            stream.Write(start);
            foreach (WritableTensor tensor in order)
            {
                long start = stream.Position;
                tensor.Write(stream);
                if (stream.Position - start != Size(tensor))
                {
                    throw new InvalidOperationException($"{tensor.Name}: expected {Size(tensor)} bytes to be written, got {stream.Position - start}.");
                }
            }
        });
    }

    /// <summary>What stands before the elements: the length of the header, and the header.</summary>
    internal static byte[] Start(IReadOnlyList<WritableTensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter writer = new(buffer))
        {
            writer.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                writer.WriteStartObject("__metadata__");
                foreach ((string key, string value) in metadata.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
                {
                    writer.WriteString(key, value);
                }

                writer.WriteEndObject();
            }

            HashSet<string> names = new(StringComparer.Ordinal) { "__metadata__" };
            long offset = 0;
            foreach (WritableTensor tensor in tensors)
            {
                if (!names.Add(tensor.Name) || tensor.Shape.Any(static extent => extent < 0))
                {
                    throw new ArgumentException($"{tensor.Name}: expected a name of its own and extents from 0 on, got [{string.Join(", ", tensor.Shape)}].", nameof(tensors));
                }

                offset = Entry(writer, tensor, offset);
            }

            writer.WriteEndObject();
        }

        // Padded with spaces, as the format allows, so that the elements start aligned.
        long length = (buffer.Length + Alignment - 1) / Alignment * Alignment;
        byte[] start = new byte[sizeof(long) + length];
        BinaryPrimitives.WriteInt64LittleEndian(start, length);
        start.AsSpan(sizeof(long)).Fill((byte)' ');
        buffer.ToArray().CopyTo(start, sizeof(long));
        return start;
    }

    private static long Entry(Utf8JsonWriter writer, WritableTensor tensor, long offset)
    {
        long end = checked(offset + Size(tensor));
        writer.WriteStartObject(tensor.Name);
        writer.WriteString("dtype", tensor.Type.SafetensorsName());
        writer.WriteStartArray("shape");
        foreach (long extent in tensor.Shape)
        {
            writer.WriteNumberValue(extent);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("data_offsets");
        writer.WriteNumberValue(offset);
        writer.WriteNumberValue(end);
        writer.WriteEndArray();
        writer.WriteEndObject();
        return end;
    }

    private static long Size(WritableTensor tensor)
    {
        long bits = checked(tensor.Count * tensor.Type.Bits());
        return bits % 8 == 0 ? bits / 8
            : throw new ArgumentException($"{tensor.Name}: {tensor.Count} elements of {tensor.Type} do not fill whole bytes.", nameof(tensor));
    }
}
