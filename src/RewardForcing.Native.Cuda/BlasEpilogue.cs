namespace RewardForcing.Native.Cuda;

/// <summary>What is done to a product before it is stored; values are those of <c>cublasLtEpilogue_t</c>.</summary>
/// <remarks>
/// Matrices are column-major, and <c>D</c> is <c>[M, N]</c>: a bias has <c>M</c> elements and is added to every column. GELU is the tanh approximation.
/// </remarks>
public enum BlasEpilogue
{
    /// <summary>Nothing.</summary>
    Default = 1,

    /// <summary>Adds a bias.</summary>
    Bias = 4,

    /// <summary>GELU.</summary>
    Gelu = 32,

    /// <summary>Adds a bias, then GELU.</summary>
    GeluBias = 36,

    /// <summary>Stores the product to the auxiliary matrix, then GELU.</summary>
    GeluAux = 160,

    /// <summary>Adds a bias, stores the sum to the auxiliary matrix, then GELU.</summary>
    GeluAuxBias = 164,

    /// <summary>Multiplies by the derivative of GELU at the auxiliary matrix, which is read.</summary>
    GeluGradient = 192,

    /// <summary><see cref="GeluGradient"/>, and writes the sums of its result over columns to the bias pointer, <c>M</c> elements.</summary>
    GeluGradientBiasGradient = 208,

    /// <summary>Writes the sums of <c>op(A)</c> over K to the bias pointer, <c>M</c> elements.</summary>
    BiasGradientA = 256,

    /// <summary>Writes the sums of <c>op(B)</c> over K to the bias pointer, <c>N</c> elements.</summary>
    BiasGradientB = 512,
}
