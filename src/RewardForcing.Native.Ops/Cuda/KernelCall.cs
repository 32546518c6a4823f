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
    private const uint SwizzledColumns = 64;

    // More than any kernel takes; checked against the kernel's own list by the device.
    private readonly byte[] _arguments = new byte[512];
    private readonly SortedDictionary<string, string> _macros = new(StringComparer.Ordinal);
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
    public KernelCall Pointer(Tensor? tensor) => Long(tensor is null ? 0 : tensor.Address);

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

    /// <summary>Adds a tensor map: rows of bfloat16 that lie one after the other, copied in boxes of 64 columns with the 128-byte swizzle.</summary>
    /// <param name="address">Address of the first element, a multiple of 16.</param>
    /// <param name="rows">Rows; a box that goes past them is filled with zeros.</param>
    /// <param name="columns">Columns of a row, a multiple of 8.</param>
    /// <param name="boxRows">Rows of a box.</param>
    public KernelCall Map(long address, long rows, int columns, int boxRows)
    {
        TensorMapLayout layout = new()
        {
            Element = TensorMapElement.BFloat16, Address = (ulong)address, Extents = [(ulong)columns, (ulong)rows], ByteStrides = [(ulong)columns * sizeof(short)],
            Box = [SwizzledColumns, (uint)boxRows], Swizzle = TensorMapSwizzle.Bytes128,
        };
        device.EncodeTensorMap(layout, Take(TensorMapBytes, TensorMapAlignment));
        return this;
    }

    /// <summary>Launches.</summary>
    /// <param name="entry">Name of the <c>__global__</c> function.</param>
    /// <param name="grid">Blocks.</param>
    /// <param name="block">Threads of a block.</param>
    /// <param name="sharedBytes">Dynamic shared memory of a block.</param>
    public void Run(string entry, CudaExtent grid, CudaExtent block, int sharedBytes = 0) =>
        device.Launch(stem, entry, _macros, new LaunchShape(grid, block, sharedBytes), _arguments.AsSpan(0, _length));

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
