using System.Runtime.InteropServices;

namespace RewardForcing.Native.Formats;

/// <summary>Memory outside the managed heap for elements that cannot be read in place; freed when disposed.</summary>
internal sealed class NativeBlock : SafeBuffer
{
    /// <summary>Allocates.</summary>
    /// <param name="length">Bytes; the address is a multiple of 16.</param>
    public NativeBlock(long length)
        : base(ownsHandle: true)
    {
        // One byte at least, so that an empty tensor has an address, too.
        SetHandle(Marshal.AllocHGlobal((nint)Math.Max(1, length)));
        Initialize((ulong)Math.Max(1, length));
    }

    /// <summary>First byte.</summary>
    public nint Address => handle;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        Marshal.FreeHGlobal(handle);
        return true;
    }
}
