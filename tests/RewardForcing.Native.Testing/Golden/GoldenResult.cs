namespace RewardForcing.Native.Testing.Golden;

/// <summary>What became of one case.</summary>
/// <param name="Case">Path of the file below the folder, without its extension.</param>
/// <param name="Comparisons">What was compared; empty if the kind is not supported or the run failed.</param>
/// <param name="IsSupported">Whether there is a runner for the kind.</param>
/// <param name="Gradients">Reference gradients in the file that nothing compares yet.</param>
/// <param name="Failure">Why the run ended early; null if it did not.</param>
/// <param name="Seconds">How long it took.</param>
public sealed record GoldenResult(string Case, IReadOnlyList<Comparison> Comparisons, bool IsSupported, int Gradients, string? Failure, double Seconds)
{
    /// <summary>Whether everything that is supported agreed.</summary>
    public bool Passed => IsSupported && Failure is null && Comparisons.Count > 0 && Comparisons.All(static comparison => comparison.Passed);

    /// <summary>The comparison nearest to its tolerance, or farthest beyond it.</summary>
    public Comparison? Worst => Comparisons.Count == 0 ? null : Comparisons.MaxBy(static comparison =>
        comparison.Tolerance > 0 ? comparison.Error / comparison.Tolerance : comparison.Error > 0 ? double.PositiveInfinity : 0);
}
