using System.Globalization;
using System.Text;

namespace RewardForcing.Native.KernelLab.Conformance;

/// <summary>Values of one type, by their bits.</summary>
/// <param name="Type">PTX type without its dot, such as <c>f32</c>.</param>
/// <param name="Bits">The values.</param>
internal sealed record ValueSet(string Type, IReadOnlyList<ulong> Bits)
{
    /// <summary>Bytes of a value.</summary>
    public int Width => WidthOf(Type);

    /// <summary>Bytes of a value of a type; 1 for a predicate, which is stored as 0 or 1.</summary>
    public static int WidthOf(string type) => type switch
    {
        "pred" or "e4m3" or "e5m2" => 1,
        "bf16" => 2,
        "tf32" => 4,
        _ => int.Parse(type[1..], CultureInfo.InvariantCulture) / 8,
    };

    /// <summary>Memory that holds them.</summary>
    public byte[] ToBytes()
    {
        byte[] bytes = new byte[Bits.Count * Width];
        for (int i = 0; i < Bits.Count; i++)
        {
            for (int b = 0; b < Width; b++)
            {
                bytes[(i * Width) + b] = (byte)(Bits[i] >> (8 * b));
            }
        }

        return bytes;
    }

    /// <summary>Values that memory holds.</summary>
    public static ValueSet FromBytes(string type, ReadOnlySpan<byte> bytes)
    {
        int width = WidthOf(type);
        ulong[] bits = new ulong[bytes.Length / width];
        for (int i = 0; i < bytes.Length; i++)
        {
            bits[i / width] |= (ulong)bytes[i] << (8 * (i % width));
        }

        return new ValueSet(type, bits);
    }

    /// <summary>As it stands in a file: type, then the values in hexadecimal digits without leading zeros; one that repeats as <c>WORD*COUNT</c>, and predicates as one digit each.</summary>
    public override string ToString()
    {
        string[] words = [.. Bits.Select(bits => bits.ToString("x", CultureInfo.InvariantCulture))];
        if (Type == "pred")
        {
            return $"pred {string.Concat(words)}";
        }

        StringBuilder text = new(Type);
        for (int i = 0; i < words.Length;)
        {
            int count = 1;
            while (i + count < words.Length && words[i + count] == words[i])
            {
                count++;
            }

            text.Append(' ').Append(words[i]).Append(count > 1 ? $"*{count}" : string.Empty);
            i += count;
        }

        return text.ToString();
    }

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    public static ValueSet Parse(ReadOnlySpan<string> words)
    {
        List<ulong> bits = [];
        foreach (string word in words[0] == "pred" ? words[1].Select(static digit => digit.ToString()).ToArray() : words[1..].ToArray())
        {
            string[] parts = word.Split('*');
            int count = parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 1;
            bits.AddRange(Enumerable.Repeat(ulong.Parse(parts[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture), count));
        }

        return new ValueSet(words[0], bits);
    }
}
