using System.Runtime.InteropServices;
using System.Text;

namespace RewardForcing.Native.Cuda.Interop;

/// <summary>The driver installed on this machine. Every method is one call of <c>cuda.h</c>, by the entry point of the version it was written for.</summary>
internal sealed unsafe partial class NativeDriver : CudaDriver
{
    private const string Library = "cuda";
    private volatile string? _lastDetail;

    /// <summary>Binds the driver library.</summary>
    /// <param name="library">Handle of the loaded library.</param>
    public NativeDriver(nint library) => LoadedLibraries.Bind(Library, library);

    public override string? LastDetail => _lastDetail;

    public override CuResult Initialize() => Init(0);

    public override CuResult GetVersion(out int version)
    {
        int value = 0;
        CuResult result = DriverGetVersion(&value);
        version = value;
        return result;
    }

    public override CuResult GetDeviceCount(out int count)
    {
        int value = 0;
        CuResult result = DeviceGetCount(&value);
        count = value;
        return result;
    }

    public override CuResult GetDeviceName(int device, out string name)
    {
        byte* text = stackalloc byte[256];
        text[0] = 0;
        CuResult result = DeviceGet(out int handle, device);
        result = result == CuResult.Success ? DeviceGetName(text, 256, handle) : result;
        name = Marshal.PtrToStringUTF8((nint)text) ?? string.Empty;
        return result;
    }

    public override CuResult GetDeviceMemory(int device, out ulong bytes)
    {
        nuint value = 0;
        CuResult result = DeviceGet(out int handle, device);
        result = result == CuResult.Success ? DeviceTotalMem(&value, handle) : result;
        bytes = value;
        return result;
    }

    public override CuResult GetDeviceAttribute(int device, CudaDeviceAttribute attribute, out int value)
    {
        int number = 0;
        CuResult result = DeviceGet(out int handle, device);
        result = result == CuResult.Success ? DeviceGetAttribute(&number, attribute, handle) : result;
        value = number;
        return result;
    }

    public override CuResult RetainContext(int device, out nint context)
    {
        nint value = 0;
        CuResult result = DeviceGet(out int handle, device);
        result = result == CuResult.Success ? DevicePrimaryCtxRetain(&value, handle) : result;
        context = value;
        return result;
    }

    public override CuResult ReleaseContext(int device)
    {
        CuResult result = DeviceGet(out int handle, device);
        return result == CuResult.Success ? DevicePrimaryCtxRelease(handle) : result;
    }

    public override CuResult SetCurrentContext(nint context) => CtxSetCurrent(context);

    public override CuResult SynchronizeContext() => CtxSynchronize();

    public override CuResult GetMemory(out ulong free, out ulong total)
    {
        nuint freeBytes = 0;
        nuint totalBytes = 0;
        CuResult result = MemGetInfo(&freeBytes, &totalBytes);
        (free, total) = (freeBytes, totalBytes);
        return result;
    }

    public override string? DescribeResult(CuResult result)
    {
        byte* text = null;
        return GetErrorString(result, &text) == CuResult.Success ? Marshal.PtrToStringUTF8((nint)text) : null;
    }

    public override CudaBlas? CreateBlas(out string? missing) => NativeBlas.Open(out missing);

    // Names and symbols are ASCII; the terminating zero is part of the array.
    private static byte[] ZeroTerminated(string text)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }

    private static CuResult DeviceGet(out int handle, int ordinal)
    {
        int value = 0;
        CuResult result = DeviceGet(&value, ordinal);
        handle = value;
        return result;
    }

    [LibraryImport(Library, EntryPoint = "cuInit")]
    private static partial CuResult Init(uint flags);

    [LibraryImport(Library, EntryPoint = "cuDriverGetVersion")]
    private static partial CuResult DriverGetVersion(int* version);

    [LibraryImport(Library, EntryPoint = "cuDeviceGetCount")]
    private static partial CuResult DeviceGetCount(int* count);

    [LibraryImport(Library, EntryPoint = "cuDeviceGet")]
    private static partial CuResult DeviceGet(int* device, int ordinal);

    [LibraryImport(Library, EntryPoint = "cuDeviceGetName")]
    private static partial CuResult DeviceGetName(byte* name, int length, int device);

    [LibraryImport(Library, EntryPoint = "cuDeviceTotalMem_v2")]
    private static partial CuResult DeviceTotalMem(nuint* bytes, int device);

    [LibraryImport(Library, EntryPoint = "cuDeviceGetAttribute")]
    private static partial CuResult DeviceGetAttribute(int* value, CudaDeviceAttribute attribute, int device);

    [LibraryImport(Library, EntryPoint = "cuDevicePrimaryCtxRetain")]
    private static partial CuResult DevicePrimaryCtxRetain(nint* context, int device);

    [LibraryImport(Library, EntryPoint = "cuDevicePrimaryCtxRelease_v2")]
    private static partial CuResult DevicePrimaryCtxRelease(int device);

    [LibraryImport(Library, EntryPoint = "cuCtxSetCurrent")]
    private static partial CuResult CtxSetCurrent(nint context);

    [LibraryImport(Library, EntryPoint = "cuCtxSynchronize")]
    private static partial CuResult CtxSynchronize();

    [LibraryImport(Library, EntryPoint = "cuMemGetInfo_v2")]
    private static partial CuResult MemGetInfo(nuint* free, nuint* total);

    [LibraryImport(Library, EntryPoint = "cuGetErrorString")]
    private static partial CuResult GetErrorString(CuResult result, byte** text);
}
