using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>One block of the device's pool, cut into aligned pieces; given back when disposed.</summary>
internal unsafe ref struct ScratchMemory : IDisposable
{
    private const int Alignment = 64;
    private readonly CpuDevice _cpu;
    private readonly long _bytes;
    private readonly nint _block;
    private long _used;

    /// <summary>Takes a block that is the sum of what <see cref="SizeOf{T}"/> says about its pieces.</summary>
    public ScratchMemory(CpuDevice cpu, long bytes)
    {
        (_cpu, _bytes) = (cpu, bytes);
        _block = cpu.Rent(bytes);
    }

    /// <summary>Bytes a piece takes.</summary>
    public static long SizeOf<T>(long count)
        where T : unmanaged => ((count * sizeof(T)) + Alignment - 1) & -Alignment;

    /// <summary>The next piece; contents are undefined.</summary>
    public T* Take<T>(long count)
        where T : unmanaged
    {
        nint piece = _block + (nint)_used;
        _used += SizeOf<T>(count);
        return _used <= _bytes ? (T*)piece : throw new InvalidOperationException($"scratch: pieces of {_used:N0} bytes were taken from a block of {_bytes:N0}.");
    }

    /// <summary>Gives the block back.</summary>
    public readonly void Dispose() => _cpu.Return(_block, _bytes);
}
