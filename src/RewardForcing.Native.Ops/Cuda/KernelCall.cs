using System.Buffers.Binary;
using System.Globalization;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>One launch: macros that choose the variant of a kernel file, and arguments in the order of the kernel's own list.</summary>
internal sealed class KernelCall(CudaDevice device, string stem)
{
    private const int TensorMapBytes = 128;
    private const int TensorMapAlignment = 64;
    private const uint WidestSwizzle = 128;

    // More than any kernel takes; checked against the kernel's own list by the device.
    private readonly byte[] _arguments = new byte[1024];
    private readonly SortedDictionary<string, string> _macros = new(StringComparer.Ordinal);
    private Tensor? _result;
    private int _length;

    /// <summary>Sets a macro to a number.</summary>
    public KernelCall Define(string macro, int value)
    {
        _macros[macro] = value.ToString(CultureInfo.InvariantCulture);
        return this;
    }

    /// <summary>Sets a macro to the name that a storage type has in kernels.</summary>
    public KernelCall Define(string macro, DType type)
    {
        _macros[macro] = NameOf(type);
        return this;
    }

    /// <summary>Adds the address of a tensor's first element; 0 for none.</summary>
    public KernelCall Pointer(Tensor? tensor)
    {
        // Outputs come first.
        _result ??= tensor;
        return Long(tensor is null ? 0 : tensor.Address);
    }

    /// <summary>Adds a 64-bit number.</summary>
    public KernelCall Long(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(Take(sizeof(long)), value);
        return this;
    }

    /// <summary>Adds 32-bit numbers.</summary>
    public KernelCall Int(params ReadOnlySpan<int> values)
    {
        foreach (int value in values)
        {
            BinaryPrimitives.WriteInt32LittleEndian(Take(sizeof(int)), value);
        }

        return this;
    }

    /// <summary>Adds a float.</summary>
    public KernelCall Float(float value)
    {
        BinaryPrimitives.WriteSingleLittleEndian(Take(sizeof(float)), value);
        return this;
    }

    /// <summary>Adds a double.</summary>
    public KernelCall Double(double value)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(Take(sizeof(double)), value);
        return this;
    }

    /// <summary>Adds a tensor map: dense bfloat16, copied in boxes that are as wide as the swizzle.</summary>
    /// <param name="address">Address of the first element, a multiple of 16.</param>
    /// <param name="extents">Extents, innermost first; that one is a multiple of 8. What a box has past them is zero.</param>
    /// <param name="box">Extents of a box; the innermost is 64 or 32.</param>
    public KernelCall Map(long address, ReadOnlySpan<ulong> extents, ReadOnlySpan<uint> box)
    {
        Span<ulong> strides = stackalloc ulong[extents.Length - 1];
        ulong bytes = sizeof(short);
        for (int axis = 0; axis < strides.Length; axis++)
        {
            bytes *= extents[axis];
            strides[axis] = bytes;
        }

        TensorMapSwizzle swizzle = box[0] * sizeof(short) == WidestSwizzle ? TensorMapSwizzle.Bytes128 : TensorMapSwizzle.Bytes64;
        TensorMapLayout layout = new() { Element = TensorMapElement.BFloat16, Address = (ulong)address, Extents = extents, ByteStrides = strides, Box = box, Swizzle = swizzle };
        device.EncodeTensorMap(layout, Take(TensorMapBytes, TensorMapAlignment));
        return this;
    }

    /// <summary>Adds a tensor map of rows, copied in boxes of 64 columns.</summary>
    public KernelCall Map(long address, long rows, int columns, int boxRows) => Map(address, [(ulong)columns, (ulong)rows], [WidestSwizzle / sizeof(short), (uint)boxRows]);

    /// <summary>Launches.</summary>
    /// <param name="entry">Name of the <c>__global__</c> function.</param>
    /// <param name="grid">Blocks.</param>
    /// <param name="block">Threads of a block.</param>
    /// <param name="sharedBytes">Dynamic shared memory of a block.</param>
    public void Run(string entry, CudaExtent grid, CudaExtent block, int sharedBytes = 0)
    {
        device.Launch(stem, entry, _macros, new LaunchShape(grid, block, sharedBytes), _arguments.AsSpan(0, _length));
        if (_result is not null && device.LooksAtResults)
        {
            device.LookAt(_result, $"{entry} of kernels/{stem}.cu");
        }
    }

    // Numbers lie at the next multiple of their size.
    private Span<byte> Take(int size) => Take(size, size);

    private Span<byte> Take(int size, int alignment)
    {
        int at = (_length + alignment - 1) / alignment * alignment;
        _length = at + size;
        return _arguments.AsSpan(at, size);
    }

    private static string NameOf(DType type) => type switch
    {
        DType.F32 => "float",
        DType.BF16 => "bf16",
        DType.F16 => "f16",
        DType.F8E4M3 => "f8",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "kernel: not a float type."),
    };
}
