using System.Buffers.Binary;
using System.Text;

namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>Reads from machine code how many registers its kernels take.</summary>
/// <remarks>
/// A cubin is an ELF file. The code of kernel <c>k</c> is the section <c>.text.k</c>, whose <c>sh_info</c> has the kernel's symbol in its low 24 bits; section
/// <c>.nv.info</c> is a list of attributes, of which number 0x2f gives a symbol and the registers of a thread. The assembler's report says the same, which
/// a test compares.
/// </remarks>
internal static class CubinRegisters
{
    private const string CodePrefix = ".text.";
    private const string Attributes = ".nv.info";
    private const byte WithPayload = 4;
    private const byte RegisterCount = 0x2F;
    private const int HeaderBytes = 64;

    /// <summary>Registers by kernel; empty if this is no such file.</summary>
    public static IReadOnlyDictionary<string, int> Read(ReadOnlySpan<byte> cubin)
    {
        var registers = new Dictionary<string, int>(StringComparer.Ordinal);
        if (cubin.Length < HeaderBytes || !cubin.StartsWith("\u007fELF"u8))
        {
            return registers;
        }

        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(cubin[40..]);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(cubin[58..]), count = BinaryPrimitives.ReadUInt16LittleEndian(cubin[60..]);
        int names = BinaryPrimitives.ReadUInt16LittleEndian(cubin[62..]);
        if (size < HeaderBytes || table + ((ulong)size * (ulong)count) > (ulong)cubin.Length || names >= count)
        {
            return registers;
        }

        ReadOnlySpan<byte> headers = cubin[(int)table..];
        ReadOnlySpan<byte> strings = Section(cubin, headers.Slice(names * size, size));
        Dictionary<uint, int> bySymbol = [];
        Dictionary<string, uint> symbols = [];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = headers.Slice(i * size, size);
            string name = Name(strings, BinaryPrimitives.ReadUInt32LittleEndian(header));
            if (name == Attributes)
            {
                ReadAttributes(Section(cubin, header), bySymbol);
            }
            else if (name.StartsWith(CodePrefix, StringComparison.Ordinal))
            {
                symbols[name[CodePrefix.Length..]] = BinaryPrimitives.ReadUInt32LittleEndian(header[44..]) & 0xFFFFFF;
            }
        }

        foreach ((string kernel, uint symbol) in symbols)
        {
            if (bySymbol.TryGetValue(symbol, out int found))
            {
                registers[kernel] = found;
            }
        }

        return registers;
    }

    // A record is its kind, its number and 16 bits: a value, or the length of what follows.
    private static void ReadAttributes(ReadOnlySpan<byte> list, Dictionary<uint, int> registers)
    {
        while (list.Length >= 4)
        {
            int length = list[0] == WithPayload ? BinaryPrimitives.ReadUInt16LittleEndian(list[2..]) : 0;
            if (list.Length < 4 + length)
            {
                return;
            }

            if (list[0] == WithPayload && list[1] == RegisterCount && length == 8)
            {
                registers[BinaryPrimitives.ReadUInt32LittleEndian(list[4..])] = BinaryPrimitives.ReadInt32LittleEndian(list[8..]);
            }

            list = list[(4 + length)..];
        }
    }

    private static ReadOnlySpan<byte> Section(ReadOnlySpan<byte> cubin, ReadOnlySpan<byte> header)
    {
        ulong start = BinaryPrimitives.ReadUInt64LittleEndian(header[24..]), length = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
        return start <= (ulong)cubin.Length && length <= (ulong)cubin.Length - start ? cubin.Slice((int)start, (int)length) : [];
    }

    private static string Name(ReadOnlySpan<byte> strings, uint at)
    {
        ReadOnlySpan<byte> text = at < strings.Length ? strings[(int)at..] : [];
        int end = text.IndexOf((byte)0);
        return Encoding.ASCII.GetString(end < 0 ? [] : text[..end]);
    }
}
