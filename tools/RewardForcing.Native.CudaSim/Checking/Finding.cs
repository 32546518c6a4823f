using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>Something wrong, and where.</summary>
/// <param name="Kind">What.</param>
/// <param name="Message">The whole sentence: what, kernel, block, thread, instruction, source line.</param>
public sealed record Finding(FindingKind Kind, string Message)
{
    /// <summary>Kernel it happened in, or null.</summary>
    public string? Kernel { get; init; }

    /// <summary>Line of the PTX text, or 0.</summary>
    public int PtxLine { get; init; }

    /// <summary>Line of the CUDA source, or null.</summary>
    public SourceLocation? Source { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Message;
}
