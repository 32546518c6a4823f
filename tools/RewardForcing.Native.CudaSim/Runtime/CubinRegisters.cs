using System.Buffers.Binary;
using System.Text;

namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>Reads from machine code how many registers its kernels take.</summary>
/// <remarks>
/// A cubin is an ELF file. The code of kernel <c>k</c> is the section <c>.text.k</c>, and the upper 8 bits of that section's <c>sh_info</c> are the registers
/// of a thread; the assembler's report says the same, which a test compares.
/// </remarks>
internal static class CubinRegisters
{
    private const string CodePrefix = ".text.";
    private const int NameIndexAt = 62;

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
                registers[name[CodePrefix.Length..]] = (int)(BinaryPrimitives.ReadUInt32LittleEndian(header[44..]) >> 24);
            }
        }

        return registers;
    }
}
