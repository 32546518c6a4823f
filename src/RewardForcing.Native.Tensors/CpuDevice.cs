using System.Numerics;
using System.Runtime.InteropServices;

namespace RewardForcing.Native.Tensors;

/// <summary>The host processor: memory of the process, SIMD ops and a pool of worker threads.</summary>
public sealed unsafe class CpuDevice : Device
{
    private const byte Guard = 0xA5;
    private const int SumPiece = 1 << 16;
    private readonly bool _checked;

    /// <summary>Opens the processor.</summary>
    /// <param name="threads">Threads ops may use, the calling one included; 0 takes one for each logical processor.</param>
    /// <param name="checkMemory">Fill rented blocks with NaN and look for writes past the end when they come back. For tests.</param>
    public CpuDevice(int threads = 0, bool checkMemory = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        _checked = checkMemory;
        Workers = new Workers(threads == 0 ? Environment.ProcessorCount : threads);
    }

    /// <inheritdoc/>
    public override string Name => "cpu";

    /// <inheritdoc/>
    public override bool IsHost => true;

    /// <summary>The threads that share the work of an op.</summary>
    public Workers Workers { get; }

    /// <inheritdoc/>
    public override void Synchronize()
    {
    }

    internal override void CopyFromHost(ReadOnlySpan<byte> source, nint destination) =>
        source.CopyTo(new Span<byte>((void*)destination, source.Length));

    internal override void CopyToHost(nint source, Span<byte> destination) =>
        new ReadOnlySpan<byte>((void*)source, destination.Length).CopyTo(destination);

    internal override void CopyWithin(nint source, nint destination, long bytes) =>
        Buffer.MemoryCopy((void*)source, (void*)destination, bytes, bytes);

    internal override void Clear(nint address, long bytes) => NativeMemory.Clear((void*)address, (nuint)bytes);

    internal override void Accumulate(Tensor sum, Tensor term)
    {
        nint target = sum.Address, source = term.Address;
        int pieces = checked((int)((sum.Count + SumPiece - 1) / SumPiece));
        Workers.For(pieces, piece =>
        {
            long first = (long)piece * SumPiece;
            int count = (int)Math.Min(SumPiece, sum.Count - first);
            if (sum.DType == DType.F32 && term.DType == DType.F32)
            {
                Add(new Span<float>((float*)target + first, count), new ReadOnlySpan<float>((float*)source + first, count));
                return;
            }

            for (long i = first; i < first + count; i++)
            {
                float added = term.DType == DType.F32 ? ((float*)source)[i] : (float)((BFloat16*)source)[i];
                if (sum.DType == DType.F32)
                {
                    ((float*)target)[i] += added;
                }
                else
                {
                    ((BFloat16*)target)[i] = (BFloat16)((float)((BFloat16*)target)[i] + added);
                }
            }
        });
    }

    /// <inheritdoc/>
    protected override nint AllocateBlock(long bytes)
    {
        try
        {
            return HostPages.Allocate(bytes);
        }
        catch (OutOfMemoryException)
        {
            throw new DeviceMemoryException(Name, bytes, LiveBytes, PeakBytes);
        }
    }

    /// <inheritdoc/>
    protected override void FreeBlock(nint block, long bytes) => HostPages.Free(block);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => Workers.Dispose();

    private static void Add(Span<float> sum, ReadOnlySpan<float> term)
    {
        int i = 0;
        for (; i <= sum.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            (new Vector<float>(sum[i..]) + new Vector<float>(term[i..])).CopyTo(sum[i..]);
        }

        for (; i < sum.Length; i++)
        {
            sum[i] += term[i];
        }
    }

    private protected override void OnRented(nint block, long bytes, long blockBytes)
    {
        if (_checked)
        {
            // 0xFF in every byte is NaN in every float type and -1 in every integer type.
            NativeMemory.Fill((void*)block, (nuint)bytes, 0xFF);
            NativeMemory.Fill((void*)(block + (nint)bytes), (nuint)(blockBytes - bytes), Guard);
        }
    }

    private protected override void OnReturning(nint block, long bytes, long blockBytes)
    {
        if (_checked && new ReadOnlySpan<byte>((void*)(block + (nint)bytes), (int)Math.Min(blockBytes - bytes, 4096)).IndexOfAnyExcept(Guard) is int at and >= 0)
        {
            throw new InvalidOperationException($"cpu: byte {at} past the end of a block of {bytes:N0} bytes was overwritten.");
        }
    }
}
