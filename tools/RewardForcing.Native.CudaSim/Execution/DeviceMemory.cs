using System.Runtime.InteropServices;
using RewardForcing.Native.CudaSim.Checking;

namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>
/// Global memory of the simulated device. Addresses mean nothing to the host and are never used twice, and there is a gap behind every
/// allocation: whatever is read or written outside of one, or after it was freed, is seen.
/// </summary>
/// <param name="tracksWrites">Whether reads of bytes that were never written are to be found (checked mode).</param>
/// <param name="device">Number of the device: addresses of two devices differ.</param>
public sealed unsafe class DeviceMemory(bool tracksWrites = false, int device = 0) : IDisposable
{
    private const ulong Gap = 4096;
    private const ulong Granularity = 512;
    private const int Remembered = 4096;

    private readonly List<Allocation> _allocations = [];
    private ulong _next = MemoryMap.GlobalBase + ((ulong)device << 44) + 0x10000;
    private int _freed;
    private ulong _launches;

    /// <summary>Bytes allocated now.</summary>
    public ulong LiveBytes { get; private set; }

    /// <summary>Whether reads of bytes that were never written are found.</summary>
    public bool TracksWrites => tracksWrites;

    /// <summary>Allocates memory filled with 0xff, which is NaN in every float type.</summary>
    /// <param name="bytes">Size.</param>
    /// <param name="name">Name for messages.</param>
    /// <returns>Address, aligned to 512.</returns>
    public ulong Allocate(ulong bytes, string name) => New(bytes, name).Address;

    /// <summary>Frees an allocation by its address; false if there is none that begins there.</summary>
    public bool Free(ulong address)
    {
        if (Find(address) is not Allocation found || found.Address != address || found.IsFreed)
        {
            return false;
        }

        LiveBytes -= found.Bytes;
        found.Release();
        if (++_freed > 2 * Remembered)
        {
            int forget = Remembered;
            _allocations.RemoveAll(allocation => allocation.IsFreed && forget-- > 0);
            _freed -= Remembered;
        }

        return true;
    }

    /// <summary>Writes host values to device memory.</summary>
    public void Write<T>(ulong address, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
        byte* host = Host(address, (ulong)bytes.Length);
        bytes.CopyTo(new Span<byte>(host, bytes.Length));
        MarkWritten(address, (ulong)bytes.Length);
    }

    /// <summary>Reads device memory.</summary>
    public T[] Read<T>(ulong address, int count)
        where T : unmanaged
    {
        var values = new T[count];
        byte* host = Host(address, (ulong)count * (ulong)sizeof(T));
        new Span<byte>(host, count * sizeof(T)).CopyTo(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    /// <summary>A number for a launch that works on this memory.</summary>
    internal ulong NextLaunch() => ++_launches;

    /// <summary>Where a range is on the host.</summary>
    /// <exception cref="DeviceFault">It is not within one allocation.</exception>
    internal byte* Host(ulong address, ulong bytes)
    {
        Allocation? found = Find(address);
        if (found is null || found.IsFreed || address + bytes > found.End)
        {
            throw new DeviceFault(new Finding(KindOf(found), $"{KindOf(found)}: {Describe(address, bytes)}"));
        }

        return found.Host + (address - found.Address);
    }

    /// <summary>Allocates, as an object.</summary>
    internal Allocation New(ulong bytes, string name)
    {
        var allocation = new Allocation(_next, bytes, name, true);
        _allocations.Add(allocation);
        _next = (_next + bytes + Gap + Granularity - 1) / Granularity * Granularity;
        LiveBytes += bytes;
        return allocation;
    }

    /// <summary>Allocation that an address is in, freed ones included, or null.</summary>
    internal Allocation? Find(ulong address)
    {
        int low = 0, high = _allocations.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            Allocation at = _allocations[middle];
            if (address < at.Address)
            {
                high = middle - 1;
            }
            else if (address >= at.End && (at.Bytes > 0 || address > at.Address))
            {
                low = middle + 1;
            }
            else
            {
                return at;
            }
        }

        return null;
    }

    /// <summary>Remembers that bytes were written by the host or a copy.</summary>
    internal void MarkWritten(ulong address, ulong bytes)
    {
        if (tracksWrites && Find(address) is { IsFreed: false } found)
        {
            (found.Shadow ??= new GlobalShadow(found)).MarkWritten(address - found.Address, bytes);
        }
    }

    /// <summary>Remembers of copied bytes what is known of those they were copied from.</summary>
    internal void CopyWritten(ulong destination, ulong source, ulong bytes)
    {
        if (tracksWrites && Find(destination) is { IsFreed: false } to && Find(source) is { IsFreed: false } from)
        {
            (to.Shadow ??= new GlobalShadow(to)).CopyWritten(destination - to.Address, from.Shadow, source - from.Address, bytes);
        }
    }

    /// <summary>First address of a range that nothing was written to, or null; null too where writes are not tracked.</summary>
    internal ulong? FirstUnwritten(ulong address, ulong bytes)
    {
        if (!tracksWrites || bytes == 0 || Find(address) is not { IsFreed: false } found)
        {
            return null;
        }

        return (found.Shadow ??= new GlobalShadow(found)).FirstUnwritten(address - found.Address, bytes) is ulong offset ? found.Address + offset : null;
    }

    /// <summary>Says where an address is.</summary>
    internal string Describe(ulong address, ulong bytes)
    {
        string access = $"{bytes} bytes at 0x{address:x}";
        if (Find(address) is Allocation inside)
        {
            return inside.IsFreed
                ? $"{access}, {address - inside.Address} bytes into '{inside.Name}' ({inside.Bytes} bytes), which was freed{(inside.FreedBy is { } how ? " " + how : string.Empty)}"
                : $"{access}, {inside.End - address} bytes before the end of '{inside.Name}' ({inside.Bytes} bytes)";
        }

        Allocation? nearest = null;
        ulong distance = ulong.MaxValue;
        foreach (Allocation allocation in _allocations)
        {
            ulong gap = address >= allocation.End ? address - allocation.End : allocation.Address - address;
            (nearest, distance) = gap < distance ? (allocation, gap) : (nearest, distance);
        }

        return nearest is null || distance > 1UL << 40 ? $"{access}, which is near no allocation"
            : address >= nearest.End ? $"{access}, {distance} bytes after the end of '{nearest.Name}' ({nearest.Bytes} bytes){(nearest.IsFreed ? ", which was freed" : "")}"
            : $"{access}, {distance} bytes before '{nearest.Name}' ({nearest.Bytes} bytes)";
    }

    /// <summary>Allocations that are not freed.</summary>
    internal IEnumerable<Allocation> Live => _allocations.Where(allocation => !allocation.IsFreed);

    /// <summary>What a bad access to an allocation, or to none, is called.</summary>
    internal static FindingKind KindOf(Allocation? found) => found is { IsFreed: true } ? FindingKind.UseAfterFree : FindingKind.OutOfBounds;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Allocation allocation in Live.ToList())
        {
            allocation.Release();
        }

        _allocations.Clear();
        LiveBytes = 0;
    }
}
