using RewardForcing.Native.Cuda.Compilation;

namespace RewardForcing.Native.Cuda;

/// <summary>A kernel of a loaded module, and what its own PTX says it takes.</summary>
/// <param name="function">The driver's handle.</param>
/// <param name="signature">Its arguments.</param>
/// <param name="sharedBytes">Dynamic shared memory it may have without asking.</param>
internal sealed class LoadedKernel(nint function, KernelSignature signature, int sharedBytes)
{
    private int _sharedBytes = sharedBytes;

    /// <summary>The driver's handle.</summary>
    public nint Function { get; } = function;

    /// <summary>Requires that the byte image of the arguments has the length the kernel takes.</summary>
    public void CheckArguments(string stem, int bytes)
    {
        if (bytes != signature.Bytes)
        {
            throw new ArgumentException(
                $"{signature.Entry} of kernels/{stem}.cu takes {signature.Parameters.Count} arguments of {signature.Bytes} bytes in all, got {bytes} bytes.");
        }
    }

    /// <summary>Asks the driver for more shared memory than a block has by right. Asked again only for more.</summary>
    public void AllowShared(CudaDriver driver, int bytes, CudaDevice device)
    {
        if (bytes > Volatile.Read(ref _sharedBytes))
        {
            device.Require(
                driver.SetFunctionAttribute(Function, CudaFunctionAttribute.MaxDynamicSharedBytes, bytes), "cuFuncSetAttribute",
                $"Asking for {bytes:N0} bytes of shared memory for {signature.Entry} on {device.Name}.");
            Volatile.Write(ref _sharedBytes, bytes);
        }
    }
}
