using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RewardForcing.Native.Cuda;

namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>
/// A tensor map as simulated devices read it: 128 bytes that a real device would not understand, as those of a real device mean nothing here. A magic number
/// and a sum over the rest tell an encoded map from anything else.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = Bytes)]
internal unsafe struct TensorMapCode
{
    /// <summary>Size of a tensor map.</summary>
    public const int Bytes = 128;

    private const ulong ExpectedMagic = 0x70614D726F736E54;
    private const int MostDimensions = 5;

    private ulong _magic;
    private ulong _check;

    /// <summary>Address of the first element.</summary>
    public ulong Address;

    /// <summary>Extents less one, innermost first.</summary>
    public fixed uint LastIndex[MostDimensions];

    /// <summary>Extents of the box less one.</summary>
    public fixed byte LastInBox[MostDimensions];

    /// <summary>Number of dimensions.</summary>
    public byte Rank;

    /// <summary>Element type.</summary>
    public byte Element;

    /// <summary>How the box is scattered.</summary>
    public byte Swizzle;

    /// <summary>Strides in bytes, but for the innermost dimension.</summary>
    public fixed ulong Stride[MostDimensions - 1];

    /// <summary>Bytes of an element.</summary>
    public readonly int ElementBytes => BytesOf((TensorMapElement)Element);

    /// <summary>Whether this was written by <see cref="Encode"/>.</summary>
    public readonly bool IsValid => _magic == ExpectedMagic && _check == Sum();

    /// <summary>Writes a map, or says why there is none of that layout.</summary>
    public static string? Encode(in TensorMapLayout layout, Span<byte> map)
    {
        string? problem = map.Length < Bytes ? $"{map.Length} bytes are given for it, and it takes {Bytes}" : Problem(layout);
        if (problem is not null)
        {
            return problem;
        }

        TensorMapCode code = default;
        (code._magic, code.Address, code.Rank, code.Element, code.Swizzle) =
            (ExpectedMagic, layout.Address, (byte)layout.Extents.Length, (byte)layout.Element, (byte)layout.Swizzle);
        for (int i = 0; i < layout.Extents.Length; i++)
        {
            code.LastIndex[i] = (uint)(layout.Extents[i] - 1);
            code.LastInBox[i] = (byte)(layout.Box[i] - 1);
            if (i > 0)
            {
                code.Stride[i - 1] = layout.ByteStrides[i - 1];
            }
        }

        code._check = code.Sum();
        MemoryMarshal.Write(map, in code);
        return null;
    }

    private static string? Problem(in TensorMapLayout layout)
    {
        int rank = layout.Extents.Length, element = BytesOf(layout.Element);
        if (rank is < 1 or > MostDimensions || layout.Box.Length != rank || layout.ByteStrides.Length != rank - 1)
        {
            return $"{rank} extents, {layout.ByteStrides.Length} strides and {layout.Box.Length} box extents; a map has 1 to 5 dimensions, a stride less and as many box extents";
        }

        if (element == 0 || layout.Swizzle is < TensorMapSwizzle.None or > TensorMapSwizzle.Bytes128)
        {
            return $"element type {layout.Element} or swizzle {layout.Swizzle} is not known";
        }

        if (layout.Address % 16 != 0)
        {
            return $"the address 0x{layout.Address:x} is not a multiple of 16";
        }

        for (int i = 0; i < rank; i++)
        {
            if (layout.Extents[i] is 0 or > 1UL << 32)
            {
                return $"extent {i} is {layout.Extents[i]}; it is 1 to 2^32";
            }

            if (layout.Box[i] is 0 or > 256)
            {
                return $"box extent {i} is {layout.Box[i]}; it is 1 to 256";
            }

            if (i > 0 && (layout.ByteStrides[i - 1] % 16 != 0 || layout.ByteStrides[i - 1] >= 1UL << 40))
            {
                return $"stride {i} is {layout.ByteStrides[i - 1]} bytes; it is a multiple of 16 below 2^40";
            }
        }

        uint inner = layout.Box[0] * (uint)element;
        int span = layout.Swizzle == TensorMapSwizzle.None ? int.MaxValue : 16 << (int)layout.Swizzle;
        return inner % 16 != 0 ? $"the inner box extent takes {inner} bytes, which is not a multiple of 16"
            : inner > span ? $"the inner box extent takes {inner} bytes, and swizzle {layout.Swizzle} allows {span}" : null;
    }

    private static int BytesOf(TensorMapElement element) => element switch
    {
        TensorMapElement.UInt8 => 1,
        TensorMapElement.UInt16 or TensorMapElement.Float16 or TensorMapElement.BFloat16 => 2,
        TensorMapElement.UInt32 or TensorMapElement.Int32 or TensorMapElement.Float32 => 4,
        _ => 0,
    };

    private readonly ulong Sum()
    {
        ulong sum = 0xCBF29CE484222325;
        ReadOnlySpan<byte> all = MemoryMarshal.AsBytes(new ReadOnlySpan<TensorMapCode>(in this));
        foreach (byte value in all[(2 * sizeof(ulong))..])
        {
            sum = (sum ^ value) * 0x100000001B3;
        }

        return sum;
    }
}
