namespace RewardForcing.Native.Formats;

/// <summary>The elements of one tensor in memory, mapped or copied; readable until disposed.</summary>
public sealed class TensorBytes : IDisposable
{
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

    /// <summary>Releases the memory; a second call does nothing.</summary>
    public void Dispose() => Interlocked.Exchange(ref _owner, null)?.Dispose();
}
