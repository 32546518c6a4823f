using System.Runtime.InteropServices;
using RewardForcing.Native.CudaSim.Checking;

namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>A range of global memory.</summary>
internal sealed unsafe class Allocation
{
    public Allocation(ulong address, ulong bytes, string name, bool poison)
    {
        (Address, Bytes, Name) = (address, bytes, name);
        Host = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 64), 64);
        if (poison)
        {
            NativeMemory.Fill(Host, (nuint)bytes, 0xFF);
        }
    }

    /// <summary>Device address.</summary>
    public ulong Address { get; }

    /// <summary>Size.</summary>
    public ulong Bytes { get; }

    /// <summary>Behind the last byte.</summary>
    public ulong End => Address + Bytes;

    /// <summary>Name for messages.</summary>
    public string Name { get; set; }

    /// <summary>Where its bytes are on the host; null once it is freed.</summary>
    public byte* Host { get; private set; }

    /// <summary>Whether it was freed.</summary>
    public bool IsFreed => Host == null;

    /// <summary>How it was freed, for messages; null where nothing more is known.</summary>
    public string? FreedBy { get; set; }

    /// <summary>Whether a free was asked for that its stream has not come to.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>What checks know of its words, or null before the first check.</summary>
    public GlobalShadow? Shadow { get; set; }

    /// <summary>Gives the bytes back. The address stays taken, so that later uses are seen.</summary>
    public void Release()
    {
        NativeMemory.AlignedFree(Host);
        Host = null;
        Shadow = null;
    }
}
