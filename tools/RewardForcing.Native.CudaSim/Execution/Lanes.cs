using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>
/// Reads and writes register columns: 32 lanes of 4 bytes (128 bytes, two vectors) or of 8 bytes (256 bytes, four vectors). Results are stored in the
/// lanes of a mask only.
/// </summary>
internal static unsafe class Lanes
{
    /// <summary>Lanes of a warp.</summary>
    public const int Count = 32;

    /// <summary>All lanes.</summary>
    public const uint All = uint.MaxValue;

    /// <summary>Vectors of a column of T.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Parts<T>()
        where T : unmanaged => Count * sizeof(T) / 64;

    /// <summary>Reads one vector of a column.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Load<T>(byte* column, int part)
        where T : unmanaged => Unsafe.ReadUnaligned<Vector512<T>>(column + (part * 64));

    /// <summary>Writes one vector of a column in the lanes of a mask.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T>(byte* column, int part, Vector512<T> value, uint mask)
        where T : unmanaged
    {
        byte* at = column + (part * 64);
        if (mask != All)
        {
            Vector512<T> old = Unsafe.ReadUnaligned<Vector512<T>>(at);
            value = Vector512.ConditionalSelect(Select<T>(mask, part), value, old);
        }

        Unsafe.WriteUnaligned(at, value);
    }

    /// <summary>Ones in the lanes of a mask, for one vector of a column.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Select<T>(uint mask, int part)
        where T : unmanaged
    {
        if (sizeof(T) == 4)
        {
            Vector512<uint> bits = Vector512.Create(1u, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768);
            return Vector512.Equals(Vector512.Create(mask >> (part * 16)) & bits, bits).As<uint, T>();
        }

        Vector512<ulong> wide = Vector512.Create(1ul, 2, 4, 8, 16, 32, 64, 128);
        return Vector512.Equals(Vector512.Create((ulong)(mask >> (part * 8))) & wide, wide).As<ulong, T>();
    }

    /// <summary>Writes the same value to the lanes of a mask.</summary>
    public static void Fill32(byte* column, uint value, uint mask)
    {
        Store(column, 0, Vector512.Create(value), mask);
        Store(column, 1, Vector512.Create(value), mask);
    }

    /// <summary>Writes the same value to the lanes of a mask.</summary>
    public static void Fill64(byte* column, ulong value, uint mask)
    {
        for (int part = 0; part < 4; part++)
        {
            Store(column, part, Vector512.Create(value), mask);
        }
    }

    /// <summary>Replaces the bits of a predicate in the lanes of a mask.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePredicate(byte* predicate, uint value, uint mask) => *(uint*)predicate = (*(uint*)predicate & ~mask) | (value & mask);

    /// <summary>Reads a lane of a column; values of less than 4 bytes are the low bytes of theirs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Get<T>(byte* column, int lane)
        where T : unmanaged => *(T*)(column + (lane * (sizeof(T) == 8 ? 8 : 4)));

    /// <summary>Writes a lane of a column; values of less than 4 bytes are extended with zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Set<T>(byte* column, int lane, T value)
        where T : unmanaged
    {
        if (sizeof(T) == 8)
        {
            *(T*)(column + (lane * 8)) = value;
        }
        else
        {
            *(uint*)(column + (lane * 4)) = sizeof(T) == 4 ? *(uint*)&value : sizeof(T) == 2 ? *(ushort*)&value : *(byte*)&value;
        }
    }
}
