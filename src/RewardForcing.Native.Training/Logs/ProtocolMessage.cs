using System.Buffers.Binary;
using System.Text;

namespace RewardForcing.Native.Training;

/// <summary>Builds a message in Protocol Buffers' wire format, field by field.</summary>
/// <remarks>protobuf.dev, "Encoding": a field is its number and wire type as one varint, then a varint (0), 8 bytes (1), a length and bytes (2) or 4 bytes (5).</remarks>
internal sealed class ProtocolMessage
{
    private readonly MemoryStream _bytes = new();

    public ReadOnlySpan<byte> Bytes => _bytes.GetBuffer().AsSpan(0, (int)_bytes.Length);

    public ProtocolMessage Whole(int field, long value)
    {
        Varint((ulong)field << 3);
        Varint(unchecked((ulong)value));
        return this;
    }

    public ProtocolMessage Double(int field, double value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        Varint(((ulong)field << 3) | 1);
        _bytes.Write(bytes);
        return this;
    }

    public ProtocolMessage Float(int field, float value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        Varint(((ulong)field << 3) | 5);
        _bytes.Write(bytes);
        return this;
    }

    public ProtocolMessage Part(int field, ReadOnlySpan<byte> bytes)
    {
        Varint(((ulong)field << 3) | 2);
        Varint((ulong)bytes.Length);
        _bytes.Write(bytes);
        return this;
    }

    public ProtocolMessage Text(int field, string text) => Part(field, Encoding.UTF8.GetBytes(text));

    public ProtocolMessage Message(int field, ProtocolMessage message) => Part(field, message.Bytes);

    private void Varint(ulong value)
    {
        for (; value > 0x7F; value >>= 7)
        {
            _bytes.WriteByte((byte)(value | 0x80));
        }

        _bytes.WriteByte((byte)value);
    }
}
