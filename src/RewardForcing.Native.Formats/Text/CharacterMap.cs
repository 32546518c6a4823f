using System.Buffers.Binary;

namespace RewardForcing.Native.Formats;

/// <summary>A table that replaces byte sequences of a text, as SentencePiece models carry it: a double-array trie and the replacements it points to.</summary>
/// <remarks>Layout of the units: Darts-clone. The blob is a length in bytes, that many bytes of units, then the replacements, each closed by a zero byte.</remarks>
internal sealed class CharacterMap
{
    private const uint IsValue = 0x80000000;
    private readonly uint[] _units;
    private readonly byte[] _replacements;

    private CharacterMap(uint[] units, byte[] replacements) => (_units, _replacements) = (units, replacements);

    /// <summary>Reads a table; afterwards every walk stays inside it.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="blob">All of it.</param>
    /// <exception cref="ModelFormatException">It is damaged.</exception>
    public static CharacterMap Read(string file, ReadOnlySpan<byte> blob)
    {
        uint length = blob.Length >= 4 ? BinaryPrimitives.ReadUInt32LittleEndian(blob) : 0;
        if (length == 0 || length % 4 != 0 || length > blob.Length - 4)
        {
            throw new ModelFormatException(file, $"has a damaged precompiled_charsmap: {blob.Length:N0} bytes cannot hold a trie of {length:N0} bytes", "precompiled_charsmap");
        }

        uint[] units = new uint[length / 4];
        for (int i = 0; i < units.Length; i++)
        {
            units[i] = BinaryPrimitives.ReadUInt32LittleEndian(blob[(4 + (4 * i))..]);
        }

        byte[] replacements = blob[(int)(4 + length)..].ToArray();
        for (uint i = 0; i < units.Length; i++)
        {
            uint unit = units[i];
            // The first unit is where every walk begins, and no value.
            bool isInside = (unit & IsValue) != 0 ? i > 0 && (unit & ~IsValue) < replacements.Length : ((i ^ Offset(unit)) | 0xFF) < units.Length;
            if (!isInside)
            {
                throw new ModelFormatException(file, $"has a damaged precompiled_charsmap: unit {i:N0} of its trie leads outside", "precompiled_charsmap");
            }
        }

        return replacements.Length > 0 && replacements[^1] == 0 ? new CharacterMap(units, replacements)
            : throw new ModelFormatException(file, "has a damaged precompiled_charsmap: its last replacement has no end", "precompiled_charsmap");
    }

    /// <summary>Finds what the beginning of a text is replaced by.</summary>
    /// <param name="text">UTF-8.</param>
    /// <param name="longest">Whether the longest entry counts, or the shortest.</param>
    /// <param name="replacement">May be empty.</param>
    /// <returns>Bytes of the text that are replaced; 0 if there is no entry.</returns>
    public int Find(ReadOnlySpan<byte> text, bool longest, out ReadOnlySpan<byte> replacement)
    {
        int found = 0;
        uint value = 0;
        uint node = Offset(_units[0]);
        for (int i = 0; i < text.Length; i++)
        {
            node ^= text[i];
            uint unit = _units[node];
            if ((unit & (IsValue | 0xFF)) != text[i])
            {
                break;
            }

            node ^= Offset(unit);
            if ((unit & 0x100) != 0)
            {
                uint leaf = _units[node];
                if ((leaf & IsValue) == 0)
                {
                    break;
                }

                (found, value) = (i + 1, leaf & ~IsValue);
                if (!longest)
                {
                    break;
                }
            }
        }

        ReadOnlySpan<byte> rest = found == 0 ? default : _replacements.AsSpan((int)value);
        replacement = found == 0 ? default : rest[..rest.IndexOf((byte)0)];
        return found;
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & 0x200) >> 6);
}
