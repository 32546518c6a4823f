namespace RewardForcing.Native.KernelLab;

/// <summary>How many cycles each part of one H100 multiprocessor needs for counted work, if it did nothing else and was never idle.</summary>
internal sealed class Roofline
{
    /// <summary>The part that is the device memory.</summary>
    public const string Memory = "memory";

    private const int Warp = 32;

    /// <summary>Computes it.</summary>
    /// <param name="counts">What was counted.</param>
    /// <param name="leastBytes">Bytes of all operands, each once.</param>
    public Roofline(KernelCounts counts, long leastBytes)
    {
        double Lanes(WorkClass work, double rate) => counts.Machine(work) * Warp / rate;
        Cycles = new Dictionary<string, double>
        {
            ["tensor"] = (counts.MatrixMultiplyAdds / H100.MatrixMultiplyAdds) + (counts.WarpgroupMultiplyAdds / H100.WarpgroupMultiplyAdds),
            ["shared"] = counts.SharedWavefronts + (counts.EngineBytes / H100.SharedBytes),
            ["special"] = Lanes(WorkClass.Special, H100.Special),
            ["float"] = Lanes(WorkClass.Float, H100.Float),
            ["double"] = Lanes(WorkClass.Double, H100.Double),
            ["integer"] = Lanes(WorkClass.Integer, H100.Integer) + Lanes(WorkClass.Convert, H100.Convert),
            ["exchange"] = Lanes(WorkClass.Exchange, H100.Exchange),
            ["issue"] = counts.MachineInstructions / H100.Issue,
            ["cache"] = counts.SectorBytes / H100.CacheBytes,
            [Memory] = leastBytes * H100.CyclesPerMemoryByte,
        };
    }

    /// <summary>Cycles by part.</summary>
    public IReadOnlyDictionary<string, double> Cycles { get; }

    /// <summary>The part that needs most.</summary>
    public string Bound => Cycles.MaxBy(static part => part.Value).Key;

    /// <summary>Its cycles.</summary>
    public double BoundCycles => Cycles.Values.Max();

    /// <summary>Seconds of the whole device, its multiprocessors sharing the work evenly.</summary>
    public double Seconds => BoundCycles / H100.Clock / H100.Multiprocessors;
}
