namespace RewardForcing.Native.Cuda;

/// <summary>A stream, with what is tied to its order: the number of its blocks in the pool, and the host memory its copies go through.</summary>
internal sealed class CudaQueue(int number, nint stream, CudaStaging staging)
{
    /// <summary>Key of the blocks that belong to this queue. A captured pass has blocks of its own.</summary>
    public int Number { get; set; } = number;

    /// <summary>The driver's handle.</summary>
    public nint Stream { get; } = stream;

    /// <summary>Page-locked memory for copies.</summary>
    public CudaStaging Staging { get; } = staging;

    /// <summary>Whether work is recorded rather than run.</summary>
    public bool IsCapturing { get; set; }

    /// <summary>Destroys the stream.</summary>
    public void Release(CudaDriver driver)
    {
        Staging.Release();
        driver.DestroyStream(Stream);
    }
}
