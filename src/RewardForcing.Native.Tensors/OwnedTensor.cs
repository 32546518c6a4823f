namespace RewardForcing.Native.Tensors;

/// <summary>A tensor that outlives passes: caches, latents handed from one thread to another. Disposing it releases the memory.</summary>
public sealed class OwnedTensor : IDisposable
{
    private Tensor? _value;

    internal OwnedTensor(Tensor value) => _value = value;

    /// <summary>The tensor.</summary>
    /// <exception cref="ObjectDisposedException">It was released.</exception>
    public Tensor Value => _value ?? throw new ObjectDisposedException(nameof(OwnedTensor));

    /// <summary>Allocates a tensor with undefined contents.</summary>
    public static OwnedTensor New(Device device, Shape shape, DType dtype = DType.F32) => new(new Tensor(device, shape, dtype));

    /// <summary>Allocates a tensor of zeros.</summary>
    public static OwnedTensor Zeros(Device device, Shape shape, DType dtype = DType.F32)
    {
        OwnedTensor owned = New(device, shape, dtype);
        owned.Value.Clear();
        return owned;
    }

    /// <summary>Releases the tensor; a second call does nothing.</summary>
    public void Dispose() => Interlocked.Exchange(ref _value, null)?.Release();
}
