namespace RewardForcing.Native.Tensors;

/// <summary>A counted piece of device memory that one or several tensors look at.</summary>
internal sealed class Storage
{
    private readonly Device _device;
    private readonly IDisposable? _owner;
    private readonly long _bytes;
    private int _references = 1;

    /// <summary>Rents memory from a device's pool.</summary>
    public Storage(Device device, long bytes)
    {
        _device = device;
        _bytes = bytes;
        Address = device.Rent(bytes);
    }

    /// <summary>Wraps memory that somebody else owns, such as a mapped file; <paramref name="owner"/> is disposed with the last reference.</summary>
    public Storage(Device device, nint address, IDisposable owner)
    {
        _device = device;
        Address = address;
        _owner = owner;
    }

    public nint Address { get; private set; }

    /// <summary>Counted atomically: the weights of a network are looked at by passes on several threads.</summary>
    public void Retain() => Interlocked.Increment(ref _references);

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) != 0)
        {
            return;
        }

        if (_owner is null)
        {
            _device.Return(Address, _bytes);
        }
        else
        {
            _owner.Dispose();
        }

        Address = 0;
    }
}
