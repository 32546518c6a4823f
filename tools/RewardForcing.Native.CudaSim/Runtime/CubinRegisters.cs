using System.Buffers.Binary;
using System.Text;

namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>Reads from machine code how many registers its kernels take.</summary>
/// <remarks>
/// A cubin is an ELF file. The code of kernel <c>k</c> is the section <c>.text.k</c>, and the upper 8 bits of that section's <c>sh_info</c> are the registers
/// of a thread. Where they are zero, as in code for sm_90a, the section <c>.nv.info</c> has them: an attribute 0x2f for the symbol that the lower bits
/// of <c>sh_info</c> name. The assembler's report says the same, which a test compares.
/// </remarks>
internal static class CubinRegisters
{
    private const string CodePrefix = ".text.";
    private const string Attributes = ".nv.info";
    private const int NameIndexAt = 62;
    private const byte Sized = 4;
    private const byte RegisterCount = 0x2f;

    /// <summary>Registers by kernel; empty if this is no such file.</summary>
    public static IReadOnlyDictionary<string, int> Read(ReadOnlySpan<byte> cubin)
    {
        var registers = new Dictionary<string, int>(StringComparer.Ordinal);
        if (cubin.Length < 64 || !cubin.StartsWith("\u007fELF"u8))
        {
            return registers;
        }

        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(cubin[40..]);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(cubin[58..]), count = BinaryPrimitives.ReadUInt16LittleEndian(cubin[60..]);
        int names = BinaryPrimitives.ReadUInt16LittleEndian(cubin[NameIndexAt..]);
        if (size < 64 || table + ((ulong)size * (ulong)count) > (ulong)cubin.Length || names >= count)
        {
            return registers;
        }

        ReadOnlySpan<byte> headers = cubin[(int)table..];
        Dictionary<uint, string> symbols = [];
        ReadOnlySpan<byte> attributes = [];
        ulong strings = BinaryPrimitives.ReadUInt64LittleEndian(headers[((names * size) + 24)..]);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = headers.Slice(i * size, size);
            ulong at = strings + BinaryPrimitives.ReadUInt32LittleEndian(header);
            if (at >= (ulong)cubin.Length)
            {
                continue;
            }

            ReadOnlySpan<byte> text = cubin[(int)at..];
            string name = Encoding.ASCII.GetString(text[..Math.Max(0, text.IndexOf((byte)0))]);
            if (name.StartsWith(CodePrefix, StringComparison.Ordinal))
            {
                uint note = BinaryPrimitives.ReadUInt32LittleEndian(header[44..]);
                (registers[name[CodePrefix.Length..]], symbols[note & 0xffffff]) = ((int)(note >> 24), name[CodePrefix.Length..]);
            }
            else if (name == Attributes)
            {
                (ulong start, ulong length) = (BinaryPrimitives.ReadUInt64LittleEndian(header[24..]), BinaryPrimitives.ReadUInt64LittleEndian(header[32..]));
                attributes = start + length <= (ulong)cubin.Length ? cubin.Slice((int)start, (int)length) : [];
            }
        }

        Complete(registers, symbols, attributes);
        return registers;
    }

    // An attribute is a format, a number and 16 bits of value; the sized format has that many bytes behind it.
    private static void Complete(Dictionary<string, int> registers, Dictionary<uint, string> symbols, ReadOnlySpan<byte> attributes)
    {
        while (attributes.Length >= 4)
        {
            int bytes = attributes[0] == Sized ? BinaryPrimitives.ReadUInt16LittleEndian(attributes[2..]) : 0;
            if (4 + bytes > attributes.Length)
            {
                return;
            }

            ReadOnlySpan<byte> value = attributes.Slice(4, bytes);
            if (attributes[0] == Sized && attributes[1] == RegisterCount && bytes >= 8
                && symbols.TryGetValue(BinaryPrimitives.ReadUInt32LittleEndian(value), out string? kernel) && registers[kernel] == 0)
            {
                registers[kernel] = BinaryPrimitives.ReadInt32LittleEndian(value[4..]);
            }

            attributes = attributes[(4 + bytes)..];
        }
    }
}
