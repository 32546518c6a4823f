using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Runtime;

namespace RewardForcing.Native.CudaSim;

/// <content>Memory: pools, blocks, host memory, copies and fills.</content>
public sealed unsafe partial class SimulatedDriver
{
    private readonly List<SimulatedPool> _pools = [];

    /// <summary>Bytes of device memory that blocks take now, on all devices.</summary>
    public ulong LiveBytes
    {
        get
        {
            lock (_gate)
            {
                return _contexts.Values.Aggregate(0UL, (sum, context) => sum + context.Memory.LiveBytes);
            }
        }
    }

    /// <summary>Gives a block a name for messages.</summary>
    /// <param name="address">Its address.</param>
    /// <param name="name">The name.</param>
    public void NameBlock(ulong address, string name)
    {
        lock (_gate)
        {
            foreach (SimulatedContext context in _contexts.Values)
            {
                if (context.Blocks.TryGetValue(address, out DeviceBlock? block))
                {
                    block.Allocation.Name = name;
                }
            }
        }
    }

    /// <inheritdoc/>
    public override CuResult CreatePool(int device, out nint pool)
    {
        nint made = 0;
        CuResult result = OnDevice(nameof(CreatePool), device, _ =>
        {
            _pools.Add(new SimulatedPool(device));
            made = _handles.Add(_pools[^1]);
        });
        pool = made;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult DestroyPool(nint pool) => Guarded(nameof(DestroyPool), () =>
    {
        if (_handles.Find<SimulatedPool>(pool) is not SimulatedPool found)
        {
            return Invalid(pool, "pool");
        }

        _handles.Remove(pool);
        found.Threshold = 0;
        found.Trim(0);
        return CuResult.Success;
    });

    /// <inheritdoc/>
    public override CuResult GetPoolAttribute(nint pool, CudaPoolAttribute attribute, out ulong value)
    {
        ulong found = 0;
        CuResult result = OnPool(nameof(GetPoolAttribute), pool, it =>
        {
            found = it.Get(attribute) ?? 0;
            return it.Get(attribute) is null ? Fail(CuResult.InvalidValue, $"The pool attribute {attribute} is not known.") : CuResult.Success;
        });
        value = found;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult SetPoolAttribute(nint pool, CudaPoolAttribute attribute, ulong value) => OnPool(nameof(SetPoolAttribute), pool, it =>
        it.Set(attribute, value) ? CuResult.Success : Fail(CuResult.InvalidValue, $"The pool attribute {attribute} cannot be set to {value}."));

    /// <inheritdoc/>
    public override CuResult TrimPool(nint pool, ulong keepBytes) => OnPool(nameof(TrimPool), pool, it =>
    {
        it.Trim(keepBytes);
        return CuResult.Success;
    });

    /// <inheritdoc/>
    public override CuResult AllocateAsync(ulong bytes, nint pool, nint stream, out ulong address)
    {
        ulong made = 0;
        CuResult result = InContext(nameof(AllocateAsync), CallRule.NotCapturing, context =>
        {
            if (_handles.Find<SimulatedPool>(pool) is not SimulatedPool from)
            {
                return Invalid(pool, "pool");
            }

            if (StreamOf(context, stream) is not SimulatedStream on)
            {
                return Invalid(stream, "stream");
            }

            if (bytes == 0)
            {
                return Fail(CuResult.InvalidValue, "0 bytes cannot be allocated.");
            }

            // Frees that streams have not come to give their memory back only once they have.
            if (!Fits(context, from.Needed(bytes)))
            {
                on.Context.Work.RunUntil(() => on.IsIdle);
            }

            CuResult taken = Fits(context, from.Needed(bytes)) ? NewBlock(context, bytes, from, out made) : NoMemory(context, bytes);
            if (taken == CuResult.Success)
            {
                context.Order?.Allocated(on, context.Blocks[made].Allocation);
            }

            return taken;
        });
        address = made;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult FreeAsync(ulong address, nint stream) => InContext(nameof(FreeAsync), CallRule.NotCapturing | CallRule.Release, context =>
    {
        if (StreamOf(context, stream) is not SimulatedStream on)
        {
            return Invalid(stream, "stream");
        }

        if (!context.Blocks.Remove(address, out DeviceBlock? block))
        {
            return Fail(CuResult.InvalidValue, $"A free of a block that is none: {context.Memory.Describe(address, 1)}.");
        }

        block.Allocation.IsLeaving = true;
        context.Work.Add(on, new StreamWork($"free of '{block.Allocation.Name}'", () =>
        {
            context.Writes(address, block.Allocation.Bytes);
            block.Allocation.FreedBy = context.Order is null ? null : $"by the free on stream {on.Number}";
            Release(context, block);
        }));
        return CuResult.Success;
    });

    /// <inheritdoc/>
    public override CuResult Allocate(ulong bytes, out ulong address)
    {
        ulong made = 0;
        CuResult result = InContext(nameof(Allocate), CallRule.NotCapturing, context =>
        {
            if (bytes == 0)
            {
                return Fail(CuResult.InvalidValue, "0 bytes cannot be allocated.");
            }

            if (!Fits(context, bytes))
            {
                // Memory that pools keep without using it is taken back before an allocation fails.
                context.Work.RunUntil(() => context.Work.IsIdle);
                AllAwaited(context);
                _pools.ForEach(pool => pool.Trim(0));
            }

            return Fits(context, bytes) ? NewBlock(context, bytes, null, out made) : NoMemory(context, bytes);
        });
        address = made;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult Free(ulong address) => InContext(nameof(Free), CallRule.NotCapturing | CallRule.Release, context =>
    {
        if (address == 0)
        {
            return CuResult.Success;
        }

        if (!context.Blocks.Remove(address, out DeviceBlock? block))
        {
            return Fail(CuResult.InvalidValue, $"A free of a block that is none: {context.Memory.Describe(address, 1)}.");
        }

        CuResult result = Wait(context, () => context.Work.IsIdle);
        Release(context, block);
        return result;
    });

    /// <inheritdoc/>
    public override CuResult AllocateHost(ulong bytes, out nint address)
    {
        nint made = 0;
        CuResult result = InContext(nameof(AllocateHost), CallRule.NotCapturing, context =>
        {
            if (bytes == 0)
            {
                return Fail(CuResult.InvalidValue, "0 bytes cannot be allocated.");
            }

            made = context.AllocateHost(bytes);
            return CuResult.Success;
        });
        address = made;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult FreeHost(nint address) => InContext(nameof(FreeHost), CallRule.NotCapturing | CallRule.Release, context =>
    {
        // Copies from and to it that are still to come would use it after it is gone.
        context.Work.RunUntil(() => context.Work.IsIdle);
        AllAwaited(context);
        return context.FreeHost(address) ? CuResult.Success : Fail(CuResult.InvalidValue, $"0x{address:x} is no page-locked memory of this context.");
    });

    /// <inheritdoc/>
    public override CuResult CopyToDevice(ulong destination, nint source, ulong bytes, nint stream) => InContext(nameof(CopyToDevice), CallRule.None, context =>
        Copy(context, stream, bytes, "copy to the device", source == 0 ? "a copy to the device from no host memory" : context.Misused("A copy to the device", destination, bytes), () =>
        {
            Buffer.MemoryCopy((void*)source, context.Memory.Host(destination, bytes), bytes, bytes);
            context.Memory.MarkWritten(destination, bytes);
            context.Writes(destination, bytes);
        }));

    /// <inheritdoc/>
    public override CuResult CopyToHost(nint destination, ulong source, ulong bytes, nint stream) => InContext(nameof(CopyToHost), CallRule.None, context =>
        Copy(context, stream, bytes, "copy to the host", destination == 0 ? "a copy to no host memory" : context.Misused("A copy to the host", source, bytes), () =>
        {
            Buffer.MemoryCopy(context.Memory.Host(source, bytes), (void*)destination, bytes, bytes);
            context.Reads(source, bytes);
        }));

    /// <inheritdoc/>
    public override CuResult CopyOnDevice(ulong destination, ulong source, ulong bytes, nint stream) => InContext(nameof(CopyOnDevice), CallRule.None, context =>
    {
        string? problem = destination < source + bytes && source < destination + bytes ? $"A copy of {bytes} bytes from 0x{source:x} to 0x{destination:x} overlaps itself." : null;
        problem ??= context.Misused("A copy on the device, from", source, bytes) ?? context.Misused("A copy on the device, to", destination, bytes);
        return Copy(context, stream, bytes, "copy on the device", problem, () =>
        {
            Buffer.MemoryCopy(context.Memory.Host(source, bytes), context.Memory.Host(destination, bytes), bytes, bytes);
            context.Memory.CopyWritten(destination, source, bytes);
            context.Reads(source, bytes);
            context.Writes(destination, bytes);
        });
    });

    /// <inheritdoc/>
    public override CuResult Fill(ulong destination, uint value, int width, ulong count, nint stream) => InContext(nameof(Fill), CallRule.None, context =>
    {
        ulong bytes = count * (ulong)width;
        string? problem = width is not (1 or 2 or 4) ? $"Values of {width} bytes cannot be filled in; they have 1, 2 or 4."
            : destination % (ulong)width != 0 ? $"A fill at 0x{destination:x} with values of {width} bytes is not aligned."
            : context.Misused("A fill", destination, bytes);
        return Copy(context, stream, bytes, "fill", problem, () =>
        {
            byte* host = context.Memory.Host(destination, bytes);
            switch (width)
            {
                case 1:
                    System.Runtime.InteropServices.NativeMemory.Fill(host, (nuint)bytes, (byte)value);
                    break;
                case 2:
                    ForEach(host, count, (at, length) => new Span<ushort>(at, length).Fill((ushort)value), sizeof(ushort));
                    break;
                default:
                    ForEach(host, count, (at, length) => new Span<uint>(at, length).Fill(value), sizeof(uint));
                    break;
            }

            context.Memory.MarkWritten(destination, bytes);
            context.Writes(destination, bytes);
        });
    });

    private delegate void FillPart(byte* at, int length);

    private static void ForEach(byte* host, ulong count, FillPart fill, int width)
    {
        const int Most = 1 << 28;
        for (ulong done = 0; done < count; done += Most)
        {
            fill(host + (done * (ulong)width), (int)Math.Min(Most, count - done));
        }
    }

    private CuResult Copy(SimulatedContext context, nint stream, ulong bytes, string name, string? problem, Action run)
    {
        if (StreamOf(context, stream) is not SimulatedStream on)
        {
            return Invalid(stream, "stream");
        }

        if (bytes == 0)
        {
            return CuResult.Success;
        }

        return problem is null ? Give(on, new StreamWork($"{name} of {bytes} bytes", run)) : Fail(CuResult.InvalidValue, problem);
    }

    private ulong TakenBytes(SimulatedContext context) =>
        context.PlainBytes + _pools.Where(pool => pool.Device == context.Device).Aggregate(0UL, (sum, pool) => sum + pool.Reserved);

    private bool Fits(SimulatedContext context, ulong bytes) => TakenBytes(context) is ulong taken && bytes <= context.MemoryBytes && taken <= context.MemoryBytes - bytes;

    private CuResult NoMemory(SimulatedContext context, ulong bytes) => Fail(
        CuResult.OutOfMemory, $"{bytes:N0} bytes do not fit: {TakenBytes(context):N0} of {context.MemoryBytes:N0} bytes are taken.");

    private CuResult NewBlock(SimulatedContext context, ulong bytes, SimulatedPool? pool, out ulong address)
    {
        address = 0;
        Allocation allocation;
        try
        {
            allocation = context.Memory.New(bytes, $"allocation {++context.Allocations}");
        }
        catch (OutOfMemoryException)
        {
            return Fail(CuResult.OutOfMemory, $"The host that simulates the device has no {bytes:N0} bytes left.");
        }

        if (pool is null)
        {
            context.PlainBytes += bytes;
        }
        else
        {
            pool.Take(bytes);
        }

        address = allocation.Address;
        context.Blocks[address] = new DeviceBlock(allocation, pool);
        return CuResult.Success;
    }

    private void Release(SimulatedContext context, DeviceBlock block)
    {
        if (block.Pool is null)
        {
            context.PlainBytes -= block.Allocation.Bytes;
        }
        else
        {
            block.Pool.Return(block.Allocation.Bytes);
        }

        context.Memory.Free(block.Allocation.Address);
    }

    private CuResult OnPool(string call, nint pool, Func<SimulatedPool, CuResult> body) => Guarded(call, () =>
        _handles.Find<SimulatedPool>(pool) is SimulatedPool found ? body(found) : Invalid(pool, "pool"));
}
