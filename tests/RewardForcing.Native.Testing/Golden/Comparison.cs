namespace RewardForcing.Native.Testing.Golden;

/// <summary>How far a result is from its reference value.</summary>
/// <param name="Tensor">Name of the reference value.</param>
/// <param name="Error">Relative L2 distance, or another measure that has its own tolerance.</param>
/// <param name="Tolerance">The largest error that passes.</param>
public readonly record struct Comparison(string Tensor, double Error, double Tolerance)
{
    /// <summary>Whether the error is within the tolerance.</summary>
    public bool Passed => Error <= Tolerance;
}
