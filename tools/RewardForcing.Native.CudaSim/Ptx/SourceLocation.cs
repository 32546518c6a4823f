namespace RewardForcing.Native.CudaSim.Ptx;

/// <summary>A line of the CUDA source, from a <c>.loc</c> directive, and the call it was inlined at.</summary>
/// <param name="File">File name without its folder.</param>
/// <param name="Line">Line number, from 1; 0 where the compiler knows none.</param>
/// <param name="Column">Column, from 1.</param>
/// <param name="InlinedAt">Where the function around this line was called, or null for the kernel's own lines.</param>
public sealed record SourceLocation(string File, int Line, int Column, SourceLocation? InlinedAt)
{
    /// <summary>This line and the calls that lead to it, innermost first.</summary>
    public IEnumerable<SourceLocation> Chain
    {
        get
        {
            for (SourceLocation? at = this; at is not null; at = at.InlinedAt)
            {
                yield return at;
            }
        }
    }

    /// <inheritdoc/>
    public override string ToString() => InlinedAt is null ? $"{File}:{Line}" : $"{File}:{Line} (inlined at {InlinedAt})";
}
