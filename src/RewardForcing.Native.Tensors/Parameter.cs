namespace RewardForcing.Native.Tensors;

/// <summary>A weight of a network: a named tensor that outlives passes and owns its gradient.</summary>
public sealed class Parameter : IDisposable
{
    private Parameter(string name, Tensor value)
    {
        Name = name;
        Value = value;
        value.Parameter = this;
    }

    /// <summary>The checkpoint's key, verbatim.</summary>
    public string Name { get; }

    /// <summary>The weight.</summary>
    public Tensor Value { get; }

    /// <summary>Extents of the weight.</summary>
    public Shape Shape => Value.Shape;

    /// <summary>Whether the weight lies in memory of somebody else, such as a mapped file, and must not be written.</summary>
    public bool IsMapped { get; private init; }

    /// <summary>Accumulated gradient, always F32; null until the first backward pass reaches this parameter.</summary>
    public Tensor? Grad { get; private set; }

    /// <summary>Whether backward passes compute a gradient for this parameter.</summary>
    public bool Trainable
    {
        get => Value.NeedsGrad;
        set => Value.NeedsGrad = value;
    }

    /// <summary>Creates a parameter with undefined contents on a device.</summary>
    public static Parameter New(Device device, string name, Shape shape, DType dtype = DType.F32)
    {
        Tensor value = new(device, shape, dtype);
        device.Describe(value.Address, name);
        return new Parameter(name, value);
    }

    /// <summary>Looks at host memory owned by somebody else, such as a mapped checkpoint, without copying it.</summary>
    /// <param name="device">A device with <see cref="Device.IsHost"/>.</param>
    /// <param name="name">The checkpoint's key.</param>
    /// <param name="address">First byte; at least element-aligned.</param>
    /// <param name="shape">Extents.</param>
    /// <param name="dtype">Element type.</param>
    /// <param name="owner">Disposed when the parameter is.</param>
    /// <exception cref="ArgumentException">The device cannot read host memory.</exception>
    public static Parameter Map(Device device, string name, nint address, Shape shape, DType dtype, IDisposable owner)
    {
        return device.IsHost
            ? new Parameter(name, Tensor.FromOwned(device, address, shape, dtype, owner)) { IsMapped = true }
            : throw new ArgumentException($"parameter {name}: {device.Name} cannot look at host memory; copy the weight to it.", nameof(device));
    }

    /// <summary>The weight as an argument of an op.</summary>
    public static implicit operator Tensor(Parameter parameter) => parameter.Value;

    /// <summary>Adds <paramref name="grad"/> into <see cref="Grad"/>, creating it on first use.</summary>
    /// <param name="grad">F32 or BF16, of the shape of the weight, on its device.</param>
    /// <exception cref="ArgumentException">The number of elements differs.</exception>
    public void AccumulateGrad(Tensor grad)
    {
        if (grad.Count != Value.Count)
        {
            throw new ArgumentException($"parameter {Name}: a gradient must be {Shape} as the weight, got {grad.Shape}.", nameof(grad));
        }

        if (Grad is not null)
        {
            Value.Device.Accumulate(Grad, grad);
            return;
        }

        Grad = new Tensor(Value.Device, Value.Shape, DType.F32);
        if (grad.DType == DType.F32)
        {
            Grad.CopyFrom(grad);
        }
        else
        {
            Grad.Clear();
            Value.Device.Accumulate(Grad, grad);
        }
    }

    /// <summary>Forgets the accumulated gradient and releases its memory.</summary>
    public void ClearGrad()
    {
        Grad?.Release();
        Grad = null;
    }

    /// <summary>Releases weight and gradient.</summary>
    public void Dispose()
    {
        ClearGrad();
        if (Value.IsAlive)
        {
            Value.Release();
        }
    }
}
