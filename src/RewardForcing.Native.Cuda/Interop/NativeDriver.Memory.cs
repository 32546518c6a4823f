using System.Runtime.InteropServices;

namespace RewardForcing.Native.Cuda.Interop;

/// <content>Memory, pools, copies and tensor maps.</content>
internal sealed unsafe partial class NativeDriver
{
    // The address of a CUtensorMap must be a multiple of this.
    private const int MapAlignment = 64;
    private const int MapBytes = 128;

    public override CuResult CreatePool(int device, out nint pool)
    {
        nint value = 0;
        CuResult result = DeviceGet(out int handle, device);
        if (result == CuResult.Success)
        {
            // Pinned device memory, not exported to other processes.
            PoolProperties properties = new() { AllocationType = 1, LocationType = 1, LocationId = handle };
            result = MemPoolCreate(&value, &properties);
        }

        pool = value;
        return result;
    }

    public override CuResult DestroyPool(nint pool) => MemPoolDestroy(pool);

    public override CuResult GetPoolAttribute(nint pool, CudaPoolAttribute attribute, out ulong value)
    {
        ulong number = 0;
        CuResult result = MemPoolGetAttribute(pool, attribute, &number);
        value = number;
        return result;
    }

    public override CuResult SetPoolAttribute(nint pool, CudaPoolAttribute attribute, ulong value) => MemPoolSetAttribute(pool, attribute, &value);

    public override CuResult TrimPool(nint pool, ulong keepBytes) => MemPoolTrimTo(pool, (nuint)keepBytes);

    public override CuResult AllocateAsync(ulong bytes, nint pool, nint stream, out ulong address)
    {
        ulong value = 0;
        CuResult result = MemAllocFromPoolAsync(&value, (nuint)bytes, pool, stream);
        address = value;
        return result;
    }

    public override CuResult FreeAsync(ulong address, nint stream) => MemFreeAsync(address, stream);

    public override CuResult Allocate(ulong bytes, out ulong address)
    {
        ulong value = 0;
        CuResult result = MemAlloc(&value, (nuint)bytes);
        address = value;
        return result;
    }

    public override CuResult Free(ulong address) => MemFree(address);

    public override CuResult AllocateHost(ulong bytes, out nint address)
    {
        nint value = 0;
        CuResult result = MemAllocHost(&value, (nuint)bytes);
        address = value;
        return result;
    }

    public override CuResult FreeHost(nint address) => MemFreeHost(address);

    public override CuResult CopyToDevice(ulong destination, nint source, ulong bytes, nint stream) =>
        MemcpyHtoDAsync(destination, source, (nuint)bytes, stream);

    public override CuResult CopyToHost(nint destination, ulong source, ulong bytes, nint stream) =>
        MemcpyDtoHAsync(destination, source, (nuint)bytes, stream);

    public override CuResult CopyOnDevice(ulong destination, ulong source, ulong bytes, nint stream) =>
        MemcpyDtoDAsync(destination, source, (nuint)bytes, stream);

    public override CuResult Fill(ulong destination, uint value, int width, ulong count, nint stream) => width switch
    {
        1 => MemsetD8Async(destination, (byte)value, (nuint)count, stream),
        2 => MemsetD16Async(destination, (ushort)value, (nuint)count, stream),
        4 => MemsetD32Async(destination, value, (nuint)count, stream),
        _ => CuResult.InvalidValue,
    };

    public override CuResult EncodeTensorMap(in TensorMapLayout layout, Span<byte> map)
    {
        int rank = layout.Extents.Length;
        if (rank is < 1 or > 5 || layout.ByteStrides.Length != rank - 1 || layout.Box.Length != rank || map.Length != MapBytes)
        {
            return CuResult.InvalidValue;
        }

        byte* storage = stackalloc byte[MapBytes + MapAlignment];
        byte* aligned = (byte*)(((nuint)storage + MapAlignment - 1) & ~(nuint)(MapAlignment - 1));
        uint* steps = stackalloc uint[5] { 1, 1, 1, 1, 1 };
        fixed (ulong* extents = layout.Extents)
        fixed (ulong* strides = layout.ByteStrides)
        fixed (uint* box = layout.Box)
        {
            // Not interleaved; the L2 cache fetches 128 bytes at a time; outside the tensor there are zeros.
            CuResult result = TensorMapEncodeTiled(
                aligned, layout.Element, (uint)rank, layout.Address, extents, strides, box, steps, 0, layout.Swizzle, 2, 0);
            new ReadOnlySpan<byte>(aligned, MapBytes).CopyTo(map);
            return result;
        }
    }

    [LibraryImport(Library, EntryPoint = "cuMemPoolCreate")]
    private static partial CuResult MemPoolCreate(nint* pool, PoolProperties* properties);

    [LibraryImport(Library, EntryPoint = "cuMemPoolDestroy")]
    private static partial CuResult MemPoolDestroy(nint pool);

    [LibraryImport(Library, EntryPoint = "cuMemPoolGetAttribute")]
    private static partial CuResult MemPoolGetAttribute(nint pool, CudaPoolAttribute attribute, ulong* value);

    [LibraryImport(Library, EntryPoint = "cuMemPoolSetAttribute")]
    private static partial CuResult MemPoolSetAttribute(nint pool, CudaPoolAttribute attribute, ulong* value);

    [LibraryImport(Library, EntryPoint = "cuMemPoolTrimTo")]
    private static partial CuResult MemPoolTrimTo(nint pool, nuint keepBytes);

    [LibraryImport(Library, EntryPoint = "cuMemAllocFromPoolAsync")]
    private static partial CuResult MemAllocFromPoolAsync(ulong* address, nuint bytes, nint pool, nint stream);

    [LibraryImport(Library, EntryPoint = "cuMemFreeAsync")]
    private static partial CuResult MemFreeAsync(ulong address, nint stream);

    [LibraryImport(Library, EntryPoint = "cuMemAlloc_v2")]
    private static partial CuResult MemAlloc(ulong* address, nuint bytes);

    [LibraryImport(Library, EntryPoint = "cuMemFree_v2")]
    private static partial CuResult MemFree(ulong address);

    [LibraryImport(Library, EntryPoint = "cuMemAllocHost_v2")]
    private static partial CuResult MemAllocHost(nint* address, nuint bytes);

    [LibraryImport(Library, EntryPoint = "cuMemFreeHost")]
    private static partial CuResult MemFreeHost(nint address);

    [LibraryImport(Library, EntryPoint = "cuMemcpyHtoDAsync_v2")]
    private static partial CuResult MemcpyHtoDAsync(ulong destination, nint source, nuint bytes, nint stream);

    [LibraryImport(Library, EntryPoint = "cuMemcpyDtoHAsync_v2")]
    private static partial CuResult MemcpyDtoHAsync(nint destination, ulong source, nuint bytes, nint stream);

    [LibraryImport(Library, EntryPoint = "cuMemcpyDtoDAsync_v2")]
    private static partial CuResult MemcpyDtoDAsync(ulong destination, ulong source, nuint bytes, nint stream);

    [LibraryImport(Library, EntryPoint = "cuMemsetD8Async")]
    private static partial CuResult MemsetD8Async(ulong destination, byte value, nuint count, nint stream);

    [LibraryImport(Library, EntryPoint = "cuMemsetD16Async")]
    private static partial CuResult MemsetD16Async(ulong destination, ushort value, nuint count, nint stream);

    [LibraryImport(Library, EntryPoint = "cuMemsetD32Async")]
    private static partial CuResult MemsetD32Async(ulong destination, uint value, nuint count, nint stream);

    [LibraryImport(Library, EntryPoint = "cuTensorMapEncodeTiled")]
    private static partial CuResult TensorMapEncodeTiled(
        byte* map, TensorMapElement element, uint rank, ulong address, ulong* extents, ulong* strides, uint* box, uint* steps, int interleave,
        TensorMapSwizzle swizzle, int promotion, int outside);

    // CUmemPoolProps: later versions use more of what is reserved here and must be zero.
    [StructLayout(LayoutKind.Sequential, Size = 88)]
    private struct PoolProperties
    {
        public int AllocationType;
        public int HandleTypes;
        public int LocationType;
        public int LocationId;
    }
}
