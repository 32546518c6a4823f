namespace RewardForcing.Native.KernelLab;

/// <summary>Calls of one kernel at one size.</summary>
/// <param name="Kernel">Stem of the op.</param>
/// <param name="Sizes">What it is called with.</param>
/// <param name="Bound">What bounds it.</param>
/// <param name="Calls">How often.</param>
/// <param name="Flops">Floating-point operations of a call on the tensor cores.</param>
/// <param name="BoundSeconds">Seconds of a call by its roofline alone.</param>
/// <param name="Seconds">Seconds of a call as projected, alone on the device.</param>
/// <param name="BesideSeconds">The same where another stream's blocks fill what its last wave leaves, and run between its launches.</param>
internal sealed record ProjectedCall(string Kernel, string Sizes, string Bound, int Calls, double Flops, double BoundSeconds, double Seconds, double BesideSeconds)
{
    /// <summary>Share of a roofline that kernels of warpgroup products, of <c>mma.sync</c> and over rows are assumed to reach.</summary>
    public const double WarpgroupShare = 0.80, MatrixShare = 0.70, RowShare = 0.80;

    /// <summary>Seconds assumed between two launches of a replayed graph.</summary>
    public const double LaunchSeconds = 1.5e-6;

    /// <summary>What is assumed besides the roofline's own assumptions.</summary>
    public static IReadOnlyList<string> Assumptions { get; } =
    [
        $"kernels reach {WarpgroupShare:0 %} (wgmma), {MatrixShare:0 %} (mma.sync), {RowShare:0 %} (rows, by memory) of their rooflines",
        "blocks run in whole waves of one a multiprocessor; what a block does before and after its products overlaps with nothing",
        "beside each other: the decoder of one block of frames and the transformer of the next are on two streams, and each fills the other's last waves and launches",
        $"{LaunchSeconds * 1e6:0.0} microseconds between two launches; only our kernels, no library",
        "every tensor comes from and goes to device memory between two kernels; patches, head, time embedding, text encoder and video writer are left out",
    ];

    /// <summary>All calls, projected.</summary>
    public double TotalSeconds => Calls * Seconds;

    /// <summary>A kernel of tiles.</summary>
    public static ProjectedCall OfTiles(string kernel, string sizes, BlockCost cost, double depth, double blocks, double share, double flops, double bytes, int calls)
    {
        double waves = blocks / H100.Multiprocessors, wave = cost.Cycles(depth) / H100.Clock, memory = bytes / H100.MemoryBytesPerSecond;
        double bound = Math.Max(Math.Ceiling(waves) * wave, memory);
        string part = bound > memory ? cost.Bound : Roofline.Memory;
        return new ProjectedCall(kernel, sizes, part, calls, flops, bound, (bound / share) + LaunchSeconds, Math.Max(waves * wave, memory) / share);
    }

    /// <summary>A kernel over rows, counted on fewer.</summary>
    public static ProjectedCall OfRows(LabRun counted, double rowsCounted, double rows, int calls)
    {
        double seconds = counted.Roofline.Seconds / rowsCounted * rows;
        return new ProjectedCall(counted.Workload.Kernel, $"{rows:0} rows", counted.Roofline.Bound, calls, 0, seconds, (seconds / RowShare) + LaunchSeconds, seconds / RowShare);
    }

    /// <summary>A copy.</summary>
    public static ProjectedCall OfCopy(string what, double bytes, int calls)
    {
        double seconds = 2 * bytes / H100.MemoryBytesPerSecond;
        return new ProjectedCall("copy", what, Roofline.Memory, calls, 0, seconds, (seconds / RowShare) + LaunchSeconds, seconds / RowShare);
    }
}
