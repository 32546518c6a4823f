namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>
/// Where a factor of a warpgroup product lies in shared memory (PTX ISA, "Shared Memory Matrix Layout" and "Matrix Descriptor Format"). Bits 0 to 13 are the
/// address, 16 to 29 the leading, 32 to 45 the stride dimension's offset, all in units of 16 bytes; 49 to 51 the base offset; 62 and 63 the swizzle.
/// </summary>
/// <param name="bits">The descriptor.</param>
internal readonly struct MatrixDescriptor(ulong bits)
{
    private uint Start => (uint)(bits & 0x3FFF) << 4;

    private uint Leading => (uint)(bits >> 16 & 0x3FFF) << 4;

    private uint Stride => (uint)(bits >> 32 & 0x3FFF) << 4;

    // 1, 2 and 3 in the descriptor are 128, 64 and 32 bytes: 3, 2 and 1 bits of the address.
    private int SwizzleBits => (bits >> 62) switch { 0 => 0, 1 => 3, 2 => 2, _ => 1 };

    /// <summary>Whether it has a base offset, or bits that must be zero: such are not executed.</summary>
    public bool IsOdd => (bits & ((7UL << 49) | (3UL << 14) | (3UL << 30) | (7UL << 46) | (0x3FFUL << 52))) != 0;

    /// <summary>Whether groups of eight rows of a swizzled pattern, or of eight places along K across it, overlap.</summary>
    public bool Overlaps => SwizzleBits > 0 && Stride < 128u << SwizzleBits;

    /// <summary>Address of 16 bytes along K of a row of A or a column of B.</summary>
    /// <param name="line">Row of A or column of B.</param>
    /// <param name="byteInK">First byte along K, a multiple of 16.</param>
    public uint AlongK(int line, int byteInK)
    {
        int swizzle = SwizzleBits;
        uint row = Start + ((uint)(line >> 3) * Stride);
        return swizzle == 0
            ? row + ((uint)(byteInK >> 4) * Leading) + ((uint)(line & 7) * 16)
            : TensorBox.Swizzled(row + ((uint)(line & 7) * (16u << swizzle)) + (uint)byteInK, swizzle);
    }

    /// <summary>Address of 8 elements of 2 bytes that are neighbours along M or N, at one place along K.</summary>
    /// <param name="line">First row of A or column of B, a multiple of 8.</param>
    /// <param name="k">Place along K.</param>
    public uint AcrossK(int line, int k)
    {
        int swizzle = SwizzleBits, chunk = line >> 3;
        if (swizzle == 0)
        {
            return Start + ((uint)chunk * Stride) + ((uint)(k >> 3) * Leading) + ((uint)(k & 7) * 16);
        }

        // A row of the pattern holds 2, 4 or 8 chunks; the next ones are a leading offset further, the next 8 places along K a stride.
        int perRow = 1 << swizzle;
        uint row = Start + ((uint)(chunk / perRow) * Leading) + ((uint)(k >> 3) * Stride) + ((uint)(k & 7) * (16u << swizzle));
        return TensorBox.Swizzled(row + ((uint)(chunk % perRow) * 16), swizzle);
    }
}
