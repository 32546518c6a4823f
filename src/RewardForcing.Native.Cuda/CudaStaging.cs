namespace RewardForcing.Native.Cuda;

/// <summary>Page-locked memory between the host's and the device's: callers get their memory back at once, and large copies overlap with filling the next piece.</summary>
/// <remarks>Safe from several threads, which wait for each other.</remarks>
internal sealed unsafe class CudaStaging(CudaDevice device, CudaDriver driver, nint stream)
{
    // Small pieces are many, so that a host which runs ahead does not wait for the device over a few numbers.
    private const int SmallBytes = 64 << 10;
    private const int SmallSlots = 16;
    private const int LargeBytes = 8 << 20;
    private const int LargeSlots = 2;

    private readonly Lock _gate = new();
    private readonly Slot?[] _small = new Slot?[SmallSlots];
    private readonly Slot?[] _large = new Slot?[LargeSlots];
    private int _nextSmall;
    private int _nextLarge;

    /// <summary>Copies to the device; the source may be changed as soon as this returns.</summary>
    public void ToDevice(ReadOnlySpan<byte> source, ulong destination)
    {
        lock (_gate)
        {
            while (source.Length > 0)
            {
                Slot slot = Take(source.Length);
                int count = Math.Min(slot.Bytes, source.Length);
                source[..count].CopyTo(slot.Memory);
                device.Require(driver.CopyToDevice(destination, slot.Address, (ulong)count, stream), "cuMemcpyHtoDAsync", $"Copying {count:N0} bytes to {device.Name}.");
                Mark(slot);
                source = source[count..];
                destination += (ulong)count;
            }
        }
    }

    /// <summary>Copies to the host, after all work given to the queue before.</summary>
    public void ToHost(ulong source, Span<byte> destination)
    {
        lock (_gate)
        {
            // One piece is under way while the one before is taken out.
            (Slot Slot, int Count)? arriving = null;
            int taken = 0;
            for (int at = 0; at < destination.Length || arriving is not null;)
            {
                (Slot Slot, int Count)? next = null;
                if (at < destination.Length)
                {
                    Slot slot = Take(destination.Length - at);
                    int count = Math.Min(slot.Bytes, destination.Length - at);
                    device.Require(driver.CopyToHost(slot.Address, source + (ulong)at, (ulong)count, stream), "cuMemcpyDtoHAsync", $"Copying {count:N0} bytes from {device.Name}.");
                    Mark(slot);
                    next = (slot, count);
                    at += count;
                }

                if (arriving is { } done)
                {
                    Await(done.Slot);
                    done.Slot.Memory[..done.Count].CopyTo(destination[taken..]);
                    taken += done.Count;
                }

                arriving = next;
            }
        }
    }

    /// <summary>Frees the memory; the queue has no work left.</summary>
    public void Release()
    {
        foreach (Slot slot in _small.Concat(_large).OfType<Slot>())
        {
            driver.DestroyEvent(slot.Passed);
            driver.FreeHost(slot.Address);
        }

        Array.Clear(_small);
        Array.Clear(_large);
    }

    private Slot Take(int bytes)
    {
        bool isSmall = bytes <= SmallBytes;
        Slot?[] slots = isSmall ? _small : _large;
        ref int next = ref isSmall ? ref _nextSmall : ref _nextLarge;
        int index = next;
        next = (next + 1) % slots.Length;
        Slot slot = slots[index] ??= NewSlot(isSmall ? SmallBytes : LargeBytes);
        Await(slot);
        return slot;
    }

    private Slot NewSlot(int bytes)
    {
        nint passed = device.NewEvent(timed: false);
        CuResult result = driver.AllocateHost((ulong)bytes, out nint address);
        if (result != CuResult.Success)
        {
            driver.DestroyEvent(passed);
            device.Require(result, "cuMemAllocHost", $"Taking {bytes:N0} bytes of page-locked memory for copies to {device.Name}.");
        }

        return new Slot(address, bytes, passed);
    }

    private void Mark(Slot slot)
    {
        device.Require(driver.RecordEvent(slot.Passed, stream), "cuEventRecord", $"Copying to or from {device.Name}.");
        slot.IsPending = true;
    }

    private void Await(Slot slot)
    {
        if (slot.IsPending)
        {
            device.Require(driver.SynchronizeEvent(slot.Passed), "cuEventSynchronize", $"Waiting for a copy to or from {device.Name}.");
            slot.IsPending = false;
        }
    }

    private sealed class Slot(nint address, int bytes, nint passed)
    {
        public nint Address { get; } = address;

        public int Bytes { get; } = bytes;

        public nint Passed { get; } = passed;

        public bool IsPending { get; set; }

        public Span<byte> Memory => new((void*)Address, Bytes);
    }
}
