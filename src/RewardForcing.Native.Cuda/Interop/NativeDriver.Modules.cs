using System.Runtime.InteropServices;
using System.Text;

namespace RewardForcing.Native.Cuda.Interop;

/// <content>Modules, kernels and launches.</content>
internal sealed unsafe partial class NativeDriver
{
    private const int LogBytes = 16 * 1024;

    private enum JitOption
    {
        ErrorLogBuffer = 5,
        ErrorLogBufferBytes = 6,
    }

    private enum LaunchAttributeKind
    {
        Cooperative = 2,
        ClusterDimension = 4,
        ProgrammaticStreamSerialization = 6,
    }

    public override CuResult LoadModule(KernelImage image, out nint module)
    {
        if (!image.Cubin.IsEmpty)
        {
            CuResult result = Load(image.Cubin.Span, out module);

            // Machine code of another architecture: the driver compiles the PTX instead.
            if (result is not (CuResult.NoBinaryForGpu or CuResult.InvalidImage))
            {
                return result;
            }
        }

        return Load(ZeroTerminated(image.Ptx), out module);
    }

    public override CuResult UnloadModule(nint module) => ModuleUnload(module);

    public override CuResult GetFunction(nint module, string name, out nint function)
    {
        nint value = 0;
        fixed (byte* text = ZeroTerminated(name))
        {
            CuResult result = ModuleGetFunction(&value, module, text);
            function = value;
            return result;
        }
    }

    public override CuResult GetGlobal(nint module, string name, out ulong address, out ulong bytes)
    {
        ulong pointer = 0;
        nuint size = 0;
        fixed (byte* text = ZeroTerminated(name))
        {
            CuResult result = ModuleGetGlobal(&pointer, &size, module, text);
            (address, bytes) = (pointer, size);
            return result;
        }
    }

    public override CuResult GetFunctionAttribute(nint function, CudaFunctionAttribute attribute, out int value)
    {
        int number = 0;
        CuResult result = FuncGetAttribute(&number, attribute, function);
        value = number;
        return result;
    }

    public override CuResult SetFunctionAttribute(nint function, CudaFunctionAttribute attribute, int value) =>
        FuncSetAttribute(function, attribute, value);

    public override CuResult GetActiveBlocks(nint function, int blockThreads, int dynamicSharedBytes, out int blocks)
    {
        int value = 0;
        CuResult result = OccupancyMaxActiveBlocksPerMultiprocessor(&value, function, blockThreads, (nuint)dynamicSharedBytes);
        blocks = value;
        return result;
    }

    public override CuResult GetActiveClusters(nint function, in LaunchShape shape, out int clusters)
    {
        int value = 0;
        LaunchAttribute* attributes = stackalloc LaunchAttribute[3];
        LaunchConfig config = Describe(shape, 0, attributes);
        CuResult result = OccupancyMaxActiveClusters(&value, function, &config);
        clusters = value;
        return result;
    }

    public override CuResult Launch(nint function, in LaunchShape shape, ReadOnlySpan<byte> arguments, nint stream)
    {
        LaunchAttribute* attributes = stackalloc LaunchAttribute[3];
        LaunchConfig config = Describe(shape, stream, attributes);
        nuint size = (nuint)arguments.Length;
        fixed (byte* image = arguments)
        {
            // CU_LAUNCH_PARAM_BUFFER_POINTER, CU_LAUNCH_PARAM_BUFFER_SIZE and CU_LAUNCH_PARAM_END.
            nint* extra = stackalloc nint[5] { 1, (nint)image, 2, (nint)(&size), 0 };
            return LaunchKernelEx(&config, function, null, size == 0 ? null : extra);
        }
    }

    private static LaunchConfig Describe(in LaunchShape shape, nint stream, LaunchAttribute* attributes)
    {
        uint count = 0;
        if (shape.Cluster.Count > 0)
        {
            attributes[count++] = new LaunchAttribute
            {
                Kind = LaunchAttributeKind.ClusterDimension,
                X = (uint)shape.Cluster.X,
                Y = (uint)shape.Cluster.Y,
                Z = (uint)shape.Cluster.Z,
            };
        }

        if (shape.Cooperative)
        {
            attributes[count++] = new LaunchAttribute { Kind = LaunchAttributeKind.Cooperative, X = 1 };
        }

        if (shape.OverlapsPrevious)
        {
            attributes[count++] = new LaunchAttribute { Kind = LaunchAttributeKind.ProgrammaticStreamSerialization, X = 1 };
        }

        return new LaunchConfig
        {
            GridX = (uint)shape.Grid.X,
            GridY = (uint)shape.Grid.Y,
            GridZ = (uint)shape.Grid.Z,
            BlockX = (uint)shape.Block.X,
            BlockY = (uint)shape.Block.Y,
            BlockZ = (uint)shape.Block.Z,
            SharedBytes = (uint)shape.DynamicSharedBytes,
            Stream = stream,
            Attributes = attributes,
            AttributeCount = count,
        };
    }

    private CuResult Load(ReadOnlySpan<byte> bytes, out nint module)
    {
        nint value = 0;
        byte[] log = new byte[LogBytes];
        fixed (byte* image = bytes)
        fixed (byte* text = log)
        {
            JitOption* options = stackalloc JitOption[2] { JitOption.ErrorLogBuffer, JitOption.ErrorLogBufferBytes };
            nint* values = stackalloc nint[2] { (nint)text, LogBytes };
            CuResult result = ModuleLoadDataEx(&value, image, 2, options, values);
            module = value;
            if (result != CuResult.Success)
            {
                int length = log.AsSpan().IndexOf((byte)0);
                string said = Encoding.UTF8.GetString(log, 0, length < 0 ? LogBytes : length).Trim();
                _lastDetail = said.Length > 0 ? said : null;
            }

            return result;
        }
    }

    [LibraryImport(Library, EntryPoint = "cuModuleLoadDataEx")]
    private static partial CuResult ModuleLoadDataEx(nint* module, byte* image, uint count, JitOption* options, nint* values);

    [LibraryImport(Library, EntryPoint = "cuModuleUnload")]
    private static partial CuResult ModuleUnload(nint module);

    [LibraryImport(Library, EntryPoint = "cuModuleGetFunction")]
    private static partial CuResult ModuleGetFunction(nint* function, nint module, byte* name);

    [LibraryImport(Library, EntryPoint = "cuModuleGetGlobal_v2")]
    private static partial CuResult ModuleGetGlobal(ulong* address, nuint* bytes, nint module, byte* name);

    [LibraryImport(Library, EntryPoint = "cuFuncGetAttribute")]
    private static partial CuResult FuncGetAttribute(int* value, CudaFunctionAttribute attribute, nint function);

    [LibraryImport(Library, EntryPoint = "cuFuncSetAttribute")]
    private static partial CuResult FuncSetAttribute(nint function, CudaFunctionAttribute attribute, int value);

    [LibraryImport(Library, EntryPoint = "cuOccupancyMaxActiveBlocksPerMultiprocessor")]
    private static partial CuResult OccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, nint function, int threads, nuint dynamicShared);

    [LibraryImport(Library, EntryPoint = "cuOccupancyMaxActiveClusters")]
    private static partial CuResult OccupancyMaxActiveClusters(int* clusters, nint function, LaunchConfig* config);

    [LibraryImport(Library, EntryPoint = "cuLaunchKernelEx")]
    private static partial CuResult LaunchKernelEx(LaunchConfig* config, nint function, void** parameters, nint* extra);

    // CUlaunchConfig.
    [StructLayout(LayoutKind.Sequential)]
    private struct LaunchConfig
    {
        public uint GridX;
        public uint GridY;
        public uint GridZ;
        public uint BlockX;
        public uint BlockY;
        public uint BlockZ;
        public uint SharedBytes;
        public nint Stream;
        public LaunchAttribute* Attributes;
        public uint AttributeCount;
    }

    // CUlaunchAttribute: a kind and, 8 bytes on, a union of 64 bytes, of which the kinds used here take the first three words.
    [StructLayout(LayoutKind.Explicit, Size = 72)]
    private struct LaunchAttribute
    {
        [FieldOffset(0)]
        public LaunchAttributeKind Kind;

        [FieldOffset(8)]
        public uint X;

        [FieldOffset(12)]
        public uint Y;

        [FieldOffset(16)]
        public uint Z;
    }
}
