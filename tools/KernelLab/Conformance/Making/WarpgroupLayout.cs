namespace RewardForcing.Native.KernelLab.Conformance.Making;

/// <summary>
/// Where an element of a factor lies in shared memory, and the descriptor that says so (PTX ISA 9.7.15, "Strides" and "Matrix descriptor"), for one product's
/// 32 bytes of K.
/// </summary>
/// <param name="Swizzle">Bytes of the swizzle, 128, 64, 32; 0 for none.</param>
/// <param name="AcrossK">Whether neighbours lie along M or N instead of along K; elements of two bytes only.</param>
/// <param name="Lines">Rows of A, or columns of B.</param>
/// <param name="ElementBytes">Bytes of an element.</param>
internal sealed record WarpgroupLayout(int Swizzle, bool AcrossK, int Lines, int ElementBytes)
{
    /// <summary>Bytes of K in one product.</summary>
    public const int DepthBytes = 32;

    /// <summary>Bytes of the tile; a multiple of 1024, where patterns begin.</summary>
    public int Bytes => (Groups * GroupBytes + 1023) / 1024 * 1024;

    // Along K: a line of the pattern is as wide as the swizzle, and the product takes the last 32 bytes of it.
    private int Step => AcrossK || Swizzle == 0 ? 0 : Swizzle - DepthBytes;

    // Across K without a swizzle, every group of eight lines has its two halves of K.
    private int PerGroup => AcrossK && Swizzle > 0 ? Swizzle / ElementBytes : 8;

    private int Groups => (Lines + PerGroup - 1) / PerGroup;

    private int GroupBytes => AcrossK && Swizzle > 0 ? 2 * 8 * Swizzle : Swizzle == 0 ? 8 * DepthBytes : 8 * Swizzle;

    // Units are 16 bytes. Along K: leading is between the halves of K (without a swizzle), stride between groups of eight lines.
    // Across K: with a swizzle, leading is between patterns along M or N, and stride between groups of eight along K; without, the reverse.
    private (int Leading, int Stride) Offsets => (Swizzle, AcrossK) switch
    {
        (0, false) => (128, 256),
        (_, false) => (16, 8 * Swizzle),
        (0, true) => (128, 256),
        _ => (2 * 8 * Swizzle, 8 * Swizzle),
    };

    /// <summary>The descriptor but for the tile's address, which is added to its lower 14 bits in units of 16 bytes.</summary>
    public ulong Descriptor => (uint)(Step >> 4) | ((ulong)(uint)(Offsets.Leading >> 4) << 16) | ((ulong)(uint)(Offsets.Stride >> 4) << 32) | ((Swizzle switch { 0 => 0UL, 128 => 1, 64 => 2, _ => 3 }) << 62);

    /// <summary>The byte, from the tile's start, at which an element begins.</summary>
    public int Place(int line, int k)
    {
        if (AcrossK)
        {
            int half = k / 8, inGroup = line % PerGroup;
            return Swizzle == 0
                ? (line / 8 * 256) + (half * 128) + (k % 8 * 16) + (line % 8 * ElementBytes)
                : CopyCases.Swizzled((line / PerGroup * GroupBytes) + (half * 8 * Swizzle) + (k % 8 * Swizzle) + (inGroup * ElementBytes), Swizzle);
        }

        int bytes = k * ElementBytes;
        return Swizzle == 0
            ? (line / 8 * 256) + (bytes / 16 * 128) + (line % 8 * 16) + (bytes % 16)
            : CopyCases.Swizzled((line / 8 * 8 * Swizzle) + (line % 8 * Swizzle) + Step + bytes, Swizzle);
    }
}
