namespace RewardForcing.Native.CudaSim.Ptx;

/// <summary>A virtual register of a kernel.</summary>
/// <param name="name">As written; not unique, since blocks of inline assembly have registers of their own.</param>
/// <param name="type">Declared type.</param>
/// <param name="index">Number within the kernel.</param>
public sealed class PtxRegister(string name, PtxType type, int index)
{
    /// <summary>As written.</summary>
    public string Name => name;

    /// <summary>Declared type.</summary>
    public PtxType Type => type;

    /// <summary>Number within the kernel.</summary>
    public int Index => index;

    /// <inheritdoc/>
    public override string ToString() => name;
}
