namespace RewardForcing.Native.Cuda;

/// <summary>Addresses and factors of one matrix product. All addresses are of device memory; 0 is none.</summary>
/// <param name="A">Left factor.</param>
/// <param name="B">Right factor.</param>
/// <param name="C">Added matrix; may be <paramref name="D"/>.</param>
/// <param name="D">Result.</param>
public readonly record struct BlasOperands(ulong A, ulong B, ulong C, ulong D)
{
    /// <summary>Factor of the product.</summary>
    public float Alpha { get; init; } = 1f;

    /// <summary>Factor of C; with 0, C is not read.</summary>
    public float Beta { get; init; }

    /// <summary>Bias, or where its gradient is written.</summary>
    public ulong Bias { get; init; }

    /// <summary>Auxiliary matrix of the epilogue.</summary>
    public ulong Aux { get; init; }

    /// <summary>One float that A is multiplied by.</summary>
    public ulong ScaleA { get; init; }

    /// <summary>One float that B is multiplied by.</summary>
    public ulong ScaleB { get; init; }

    /// <summary>Scratch memory; its contents before and after mean nothing. Aligned to 256 bytes.</summary>
    public ulong Workspace { get; init; }

    /// <summary>Size of the scratch memory, at least <see cref="BlasAlgorithm.WorkspaceBytes"/>.</summary>
    public ulong WorkspaceBytes { get; init; }
}
