using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Cuda;

public sealed unsafe partial class CudaDevice
{
    private const byte Guard = 0xA5;
    private const int OwnersNamed = 3;

    // Threads of a block of kernels/accumulate.cu, and its widest access.
    private const int SumThreads = 256;
    private const int SumWidth = 4;
    private readonly ConcurrentDictionary<nint, (long Bytes, string? Owner)> _live = [];

    internal override void CopyFromHost(ReadOnlySpan<byte> source, nint destination)
    {
        Enter();
        RefuseWhileCapturing("copy from the host");
        Current.Staging.ToDevice(source, (ulong)destination);
    }

    internal override void CopyToHost(nint source, Span<byte> destination)
    {
        Enter();
        RefuseWhileCapturing("copy to the host");
        Current.Staging.ToHost((ulong)source, destination);
    }

    internal override void Accumulate(Tensor sum, Tensor term)
    {
        if (sum.Count == 0)
        {
            return;
        }

        int width = sum.Count % SumWidth == 0 && sum.Address % (SumWidth * sizeof(float)) == 0 && term.Address % (SumWidth * sizeof(float)) == 0 ? SumWidth : 1;
        SortedDictionary<string, string> defines = new(StringComparer.Ordinal)
        {
            ["RF_T"] = sum.DType == DType.F32 ? "float" : "bf16",
            ["RF_W"] = term.DType == DType.F32 ? "float" : "bf16",
            ["RF_N"] = width.ToString(CultureInfo.InvariantCulture),
        };
        Span<byte> arguments = stackalloc byte[3 * sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(arguments, sum.Address);
        BinaryPrimitives.WriteInt64LittleEndian(arguments[sizeof(long)..], term.Address);
        BinaryPrimitives.WriteInt64LittleEndian(arguments[(2 * sizeof(long))..], sum.Count);
        int blocks = checked((int)((sum.Count + (SumThreads * width) - 1) / (SumThreads * width)));
        Launch("accumulate", "accumulate_forward", defines, new LaunchShape(blocks, SumThreads, 0), arguments);
    }

    internal override void CopyWithin(nint source, nint destination, long bytes)
    {
        if (bytes == 0 || source == destination)
        {
            return;
        }

        Enter();
        if (Math.Abs(source - destination) >= bytes)
        {
            Copy(source, destination, bytes);
            return;
        }

        // The driver does not order the bytes of one copy, so overlapping ranges go by way of a third place.
        nint between = Rent(bytes);
        try
        {
            Copy(source, between, bytes);
            Copy(between, destination, bytes);
        }
        finally
        {
            Return(between, bytes);
        }
    }

    internal override void Clear(nint address, long bytes)
    {
        if (bytes > 0)
        {
            Enter();
            Fill(address, 0, bytes);
        }
    }

    internal override void Describe(nint block, string owner)
    {
        if (_live.TryGetValue(block, out (long Bytes, string? Owner) known))
        {
            _live[block] = (known.Bytes, owner);
        }
    }

    /// <inheritdoc/>
    protected override nint AllocateBlock(long bytes)
    {
        Enter();
        RefuseWhileCapturing("take new memory");
        CuResult result = Allocate(bytes, out ulong address);
        if (result == CuResult.OutOfMemory)
        {
            TrimPool();
            result = Allocate(bytes, out address);
        }

        if (result == CuResult.OutOfMemory)
        {
            throw new DeviceMemoryException(Name, bytes, LiveBytes, PeakBytes, LargestOwners());
        }

        Require(result, "cuMemAllocFromPoolAsync", $"Taking {bytes:N0} bytes of {Name}.");
        return checked((nint)address);
    }

    /// <inheritdoc/>
    protected override void FreeBlock(nint block, long bytes)
    {
        // A closed device has given its context back, and with it all memory.
        if (!_isClosed)
        {
            _driver.SetCurrentContext(_context);
            _ = _pool != 0 ? _driver.FreeAsync((ulong)block, Main.Stream) : _driver.Free((ulong)block);
        }
    }

    private protected override void OnTrimming()
    {
        if (!_isClosed && _context != 0)
        {
            _driver.SetCurrentContext(_context);
            _driver.SynchronizeContext();
        }
    }

    private protected override void OnRented(nint block, long bytes, long blockBytes)
    {
        _live[block] = (blockBytes, null);
        if (_checked)
        {
            Enter();

            // 0xFF in every byte is NaN in every float type and -1 in every integer type.
            Fill(block, 0xFF, bytes);
            Fill(block + (nint)bytes, Guard, blockBytes - bytes);
        }
    }

    private protected override void OnReturning(nint block, long bytes, long blockBytes)
    {
        _live.TryRemove(block, out _);
        if (_checked && !_isClosed && !Current.IsCapturing)
        {
            byte[] behind = new byte[Math.Min(blockBytes - bytes, 4096)];
            CopyToHost(block + (nint)bytes, behind);
            if (behind.AsSpan().IndexOfAnyExcept(Guard) is int at and >= 0)
            {
                throw new InvalidOperationException($"{Name}: byte {at} past the end of a block of {bytes:N0} bytes was overwritten.");
            }
        }
    }

    private CuResult Allocate(long bytes, out ulong address) =>
        _pool != 0 ? _driver.AllocateAsync((ulong)bytes, _pool, Current.Stream, out address) : _driver.Allocate((ulong)bytes, out address);

    private void Copy(nint source, nint destination, long bytes) =>
        Require(_driver.CopyOnDevice((ulong)destination, (ulong)source, (ulong)bytes, Current.Stream), "cuMemcpyDtoDAsync", $"Copying {bytes:N0} bytes on {Name}.");

    private void Fill(nint address, byte value, long bytes)
    {
        bool isWide = ((address | bytes) & 3) == 0;
        Require(
            _driver.Fill((ulong)address, isWide ? value * 0x01010101u : value, isWide ? 4 : 1, (ulong)(isWide ? bytes / 4 : bytes), Current.Stream),
            "cuMemsetAsync", $"Filling {bytes:N0} bytes on {Name}.");
    }

    // Weights are named by the part of the network they are in, the rest is what passes and caches hold.
    private string LargestOwners() => string.Join(", ", _live.Values
        .GroupBy(static block => block.Owner is null ? "tensors" : $"weights {block.Owner.Split('.')[0]}")
        .Select(static group => (Owner: group.Key, Bytes: group.Sum(static block => block.Bytes)))
        .OrderByDescending(static owner => owner.Bytes)
        .Take(OwnersNamed)
        .Select(static owner => $"{owner.Owner} {owner.Bytes:N0}"));
}
