namespace RewardForcing.Native.Ops;

/// <summary>A vector width as a type argument: one text of a kernel is compiled for each, without a branch inside.</summary>
/// <typeparam name="TVector">The register type; <see cref="float"/> itself where the machine offers no lanes.</typeparam>
internal unsafe interface ISimd<TVector>
    where TVector : struct
{
    /// <summary>Floats of one vector.</summary>
    static abstract int Width { get; }

    static abstract TVector Load(float* source);

    static abstract void Store(TVector value, float* target);

    /// <summary>The same value in every lane.</summary>
    static abstract TVector Create(float value);

    static abstract TVector Add(TVector left, TVector right);

    static abstract TVector Subtract(TVector left, TVector right);

    static abstract TVector Multiply(TVector left, TVector right);

    /// <summary><c>left * right + addend</c>, rounded once where the machine can, else twice.</summary>
    static abstract TVector MultiplyAdd(TVector left, TVector right, TVector addend);

    static abstract TVector Max(TVector left, TVector right);

    /// <summary>To the nearest integer, ties to even.</summary>
    static abstract TVector Round(TVector value);

    /// <summary><c>value * 2^exponent</c> for an integral exponent from -126 to 127.</summary>
    static abstract TVector Scale(TVector value, TVector exponent);

    /// <summary>Whether all lanes are equal.</summary>
    static abstract bool AreEqual(TVector left, TVector right);

    /// <summary>To the nearest bfloat16, ties to even; NaN stays NaN.</summary>
    static abstract TVector RoundToBFloat16(TVector value);

    /// <summary><paramref name="value"/> where <paramref name="low"/> &lt;= at &lt; <paramref name="high"/>, else <paramref name="other"/>.</summary>
    static abstract TVector SelectBetween(TVector at, TVector low, TVector high, TVector value, TVector other);
}
