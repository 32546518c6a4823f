using System.Runtime.InteropServices;

namespace RewardForcing.Native.Tensors;

/// <summary>A dense, row-major array on a device. Made by a <see cref="Pass"/> and released by its <see cref="Scope"/>; nobody disposes one by hand.</summary>
/// <remarks>
/// Views (<see cref="Pass.Reshape"/>, <see cref="Pass.Slice"/>) share memory with their source and count as users of it. A tensor lives
/// as long as its scope, every tape node that saved it, and every view of it.
/// </remarks>
public sealed unsafe class Tensor
{
    private const int LongestSpan = 1 << 30;
    private readonly Storage _storage;
    private readonly long _byteOffset;
    private int _references = 1;

    internal Tensor(Device device, Shape shape, DType dtype)
        : this(device, shape, dtype, new Storage(device, shape.Count * dtype.Size()), 0)
    {
    }

    private Tensor(Device device, Shape shape, DType dtype, Storage storage, long byteOffset)
    {
        Device = device;
        Shape = shape;
        DType = dtype;
        _storage = storage;
        _byteOffset = byteOffset;
    }

    /// <summary>Where the elements live.</summary>
    public Device Device { get; }

    /// <summary>Extents, outermost first.</summary>
    public Shape Shape { get; }

    /// <summary>How elements are stored.</summary>
    public DType DType { get; }

    /// <summary>Number of elements.</summary>
    public long Count => Shape.Count;

    /// <summary>Number of bytes.</summary>
    public long Bytes => Shape.Count * DType.Size();

    /// <summary>Whether a gradient has to flow into this tensor.</summary>
    public bool NeedsGrad { get; internal set; }

    /// <summary>The parameter this tensor is the value of, if it is one: its gradient accumulates there across passes.</summary>
    public Parameter? Parameter { get; internal set; }

    /// <summary>Whether this is the value of a parameter or a view of one: its gradient is F32, whatever it is stored in.</summary>
    internal bool IsWeight => Parameter is not null || ViewsWeight;

    private bool ViewsWeight { get; init; }

    internal bool IsAlive => Volatile.Read(ref _references) > 0;

    /// <summary>Address of the first element, on whichever device it is.</summary>
    /// <exception cref="ObjectDisposedException">The owning scope has ended.</exception>
    internal nint Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(!IsAlive, this);
            return _storage.Address + (nint)_byteOffset;
        }
    }

    /// <summary>The elements, when they are in host memory.</summary>
    /// <typeparam name="T">The element type that belongs to <see cref="DType"/>.</typeparam>
    /// <exception cref="ObjectDisposedException">The owning scope has ended.</exception>
    /// <exception cref="InvalidOperationException">The tensor is not in host memory, has another element type or more than 2^31 elements.</exception>
    public Span<T> Span<T>()
        where T : unmanaged
    {
        if (DTypes.Of<T>() != DType)
        {
            throw new InvalidOperationException($"tensor {Shape} holds {DType}, not {typeof(T).Name}.");
        }

        if (!Device.IsHost)
        {
            throw new InvalidOperationException($"tensor {Shape} is on {Device.Name}; copy it to the host first.");
        }

        return Count <= int.MaxValue
            ? new Span<T>((void*)Address, (int)Count)
            : throw new InvalidOperationException($"tensor {Shape} has more than 2^31 elements; take slices of it.");
    }

    /// <summary>Copies the elements to a new array, from whichever device they are on.</summary>
    public T[] ToArray<T>()
        where T : unmanaged
    {
        if (DTypes.Of<T>() != DType)
        {
            throw new InvalidOperationException($"tensor {Shape} holds {DType}, not {typeof(T).Name}.");
        }

        var array = new T[Count];
        Device.CopyToHost(Address, MemoryMarshal.AsBytes(array.AsSpan()));
        return array;
    }

    /// <summary>Copies the elements, widened to float, to a new array; any float element type.</summary>
    public float[] ToFloats()
    {
        switch (DType)
        {
            case DType.F32:
                return ToArray<float>();
            case DType.BF16:
                return Array.ConvertAll(ToArray<BFloat16>(), static v => (float)v);
            case DType.F16:
                return Array.ConvertAll(ToArray<Half>(), static v => (float)v);
            case DType.F8E4M3:
                return Array.ConvertAll(ToArray<Float8E4M3>(), static v => (float)v);
            default:
                throw new InvalidOperationException($"tensor {Shape} holds {DType}, not floats.");
        }
    }

    /// <summary>Overwrites all elements with values from host memory.</summary>
    /// <exception cref="ArgumentException">The number of elements differs.</exception>
    public void CopyFrom<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        if (DTypes.Of<T>() != DType || values.Length != Count)
        {
            throw new ArgumentException($"copy: expected {Count} values of {DType} for {Shape}, got {values.Length} of {typeof(T).Name}.", nameof(values));
        }

        Device.CopyFromHost(MemoryMarshal.AsBytes(values), Address);
    }

    /// <summary>Overwrites all elements with those of a tensor of the same element type and count, on the same device, or from or to host memory; the two may overlap.</summary>
    /// <exception cref="ArgumentException">Element type or count differ, or the two are on different devices and neither is the host.</exception>
    public void CopyFrom(Tensor source)
    {
        if (source.DType != DType || source.Count != Count || (source.Device != Device && !source.Device.IsHost && !Device.IsHost))
        {
            throw new ArgumentException(
                $"copy: expected {Count} values of {DType} on {Device.Name}, got {source.Shape} of {source.DType} on {source.Device.Name}.", nameof(source));
        }

        if (source.Device == Device)
        {
            Device.CopyWithin(source.Address, Address, Bytes);
            return;
        }

        // A span holds less than 2 GiB.
        for (long at = 0; at < Bytes; at += LongestSpan)
        {
            int count = (int)Math.Min(LongestSpan, Bytes - at);
            (nint from, nint to) = (source.Address + (nint)at, Address + (nint)at);
            if (source.Device.IsHost)
            {
                Device.CopyFromHost(new ReadOnlySpan<byte>((byte*)from, count), to);
            }
            else
            {
                source.Device.CopyToHost(from, new Span<byte>((byte*)to, count));
            }
        }
    }

    /// <summary>Sets every element to zero.</summary>
    public void Clear() => Device.Clear(Address, Bytes);

    /// <inheritdoc/>
    public override string ToString() => $"{DType} {Shape} on {Device.Name}";

    /// <summary>Wraps host memory owned by somebody else, without a copy.</summary>
    internal static Tensor FromOwned(Device device, nint address, Shape shape, DType dtype, IDisposable owner) =>
        new(device, shape, dtype, new Storage(device, address, owner), 0);

    /// <summary>Makes a tensor that looks at part of this one's memory.</summary>
    internal Tensor ViewAt(long firstElement, Shape shape)
    {
        ObjectDisposedException.ThrowIf(!IsAlive, this);
        _storage.Retain();
        return new Tensor(Device, shape, DType, _storage, _byteOffset + (firstElement * DType.Size())) { ViewsWeight = IsWeight };
    }

    internal void Retain() => Interlocked.Increment(ref _references);

    internal void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
        {
            _storage.Release();
        }
    }
}
