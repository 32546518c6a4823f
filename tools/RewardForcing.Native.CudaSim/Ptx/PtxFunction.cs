namespace RewardForcing.Native.CudaSim.Ptx;

/// <summary>A function that kernels call. Its body is read again at every call, as if it stood there.</summary>
internal sealed class PtxFunction
{
    public required string Name { get; init; }

    public required IReadOnlyList<PtxVariable> Results { get; init; }

    public required IReadOnlyList<PtxVariable> Parameters { get; init; }

    /// <summary>Place of the body's opening brace, or -1 for a function that is only declared.</summary>
    public int Body { get; set; } = -1;

    public int BodyLine { get; set; }
}
