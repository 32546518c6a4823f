using System.Buffers.Binary;

namespace RewardForcing.Native.Tests.Training;

/// <summary>Reads event files by the published formats, with nothing of the code that writes them.</summary>
internal static class EventFile
{
    /// <summary>Every record of a file, its sums checked, as fields of a message.</summary>
    public static List<Fields> Read(string path)
    {
        ReadOnlySpan<byte> rest = File.ReadAllBytes(path);
        List<Fields> records = [];
        while (!rest.IsEmpty)
        {
            int length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(rest));
            CheckSum(rest[..8], BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]));
            CheckSum(rest.Slice(12, length), BinaryPrimitives.ReadUInt32LittleEndian(rest[(12 + length)..]));
            records.Add(Parse(rest.Slice(12, length)));
            rest = rest[(16 + length)..];
        }

        return records;
    }

    /// <summary>CRC-32C bit by bit: reflected, polynomial 0x1EDC6F41.</summary>
    public static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0xFFFFFFFF;
        foreach (byte value in bytes)
        {
            sum ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                sum = (sum & 1) != 0 ? (sum >> 1) ^ 0x82F63B78 : sum >> 1;
            }
        }

        return ~sum;
    }

    private static void CheckSum(ReadOnlySpan<byte> bytes, uint masked)
    {
        uint rotated = unchecked(masked - 0xA282EAD8);
        if (((rotated >> 17) | (rotated << 15)) != Crc32C(bytes))
        {
            throw new InvalidDataException("A record's sum is wrong.");
        }
    }

    private static Fields Parse(ReadOnlySpan<byte> bytes)
    {
        Fields fields = new();
        while (!bytes.IsEmpty)
        {
            ulong key = Varint(ref bytes);
            int size = (key & 7) switch { 0 => 0, 1 => 8, 2 => checked((int)Varint(ref bytes)), 5 => 4, _ => throw new InvalidDataException($"Wire type {key & 7}.") };
            byte[] value = (key & 7) == 0 ? BitConverter.GetBytes(Varint(ref bytes)) : bytes[..size].ToArray();
            bytes = bytes[size..];
            fields.Values.Add(((int)(key >> 3), value));
        }

        return fields;
    }

    private static ulong Varint(ref ReadOnlySpan<byte> bytes)
    {
        (ulong value, int shift) = (0, 0);
        while (true)
        {
            byte next = bytes[0];
            bytes = bytes[1..];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }

            shift += 7;
        }
    }

    /// <summary>Fields of a message, in their order.</summary>
    internal sealed class Fields
    {
        public List<(int Number, byte[] Bytes)> Values { get; } = [];

        public bool Has(int number) => Values.Any(field => field.Number == number);

        public byte[] this[int number] => Values.Single(field => field.Number == number).Bytes;

        public long Whole(int number) => BitConverter.ToInt64(this[number]);

        public string Text(int number) => System.Text.Encoding.UTF8.GetString(this[number]);

        public Fields Message(int number) => Parse(this[number]);

        public IEnumerable<Fields> Messages(int number) => Values.Where(field => field.Number == number).Select(static field => Parse(field.Bytes));
    }
}
