namespace RewardForcing.Native.CudaSim.Ptx;

/// <summary>A place in a kernel's code, or a table of places.</summary>
/// <param name="name">As written.</param>
public sealed class PtxLabel(string name)
{
    /// <summary>As written.</summary>
    public string Name => name;

    /// <summary>Number of the instruction it stands before; -1 until it is defined.</summary>
    public int Position { get; set; } = -1;

    /// <summary>Targets of a <c>.branchtargets</c> table.</summary>
    public IReadOnlyList<PtxLabel>? Table { get; set; }

    /// <inheritdoc/>
    public override string ToString() => name;
}
