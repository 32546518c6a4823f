using System.Buffers;
using System.Runtime.InteropServices;

namespace RewardForcing.Native.Formats;

/// <summary>The elements of one tensor in memory, mapped or copied; readable until disposed.</summary>
public sealed class TensorBytes : IDisposable
{
    private const int CopyBuffer = 1 << 16;
    private IDisposable? _owner;

    /// <summary>Wraps memory.</summary>
    /// <param name="address">First byte, aligned to the element.</param>
    /// <param name="length">Number of bytes.</param>
    /// <param name="owner">Released with this.</param>
    public TensorBytes(nint address, long length, IDisposable owner)
    {
        Address = address;
        Length = length;
        _owner = owner;
    }

    /// <summary>First byte.</summary>
    public nint Address { get; }

    /// <summary>Number of bytes.</summary>
    public long Length { get; }

    /// <summary>Copies some of the bytes, for code without pointers.</summary>
    /// <param name="start">First byte to copy, from 0.</param>
    /// <param name="target">Filled completely.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range ends behind the last byte.</exception>
    public void CopyTo(long start, Span<byte> target)
    {
        ObjectDisposedException.ThrowIf(_owner is null, this);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(target.Length, Length - start, nameof(target));
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Min(CopyBuffer, target.Length));
        for (int done = 0; done < target.Length;)
        {
            int count = Math.Min(buffer.Length, target.Length - done);
            Marshal.Copy((nint)(Address + start + done), buffer, 0, count);
            buffer.AsSpan(0, count).CopyTo(target[done..]);
            done += count;
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>Copies all bytes into a new array.</summary>
    /// <exception cref="OverflowException">The tensor is larger than an array can be.</exception>
    public byte[] ToArray()
    {
        byte[] bytes = new byte[checked((int)Length)];
        CopyTo(0, bytes);
        return bytes;
    }

    /// <summary>Releases the memory; a second call does nothing.</summary>
    public void Dispose() => Interlocked.Exchange(ref _owner, null)?.Dispose();
}
