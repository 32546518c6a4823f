using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>An affine map <c>[R, I] · [O, I]ᵀ + bias</c> in the terms of the library, which is column-major: <c>yᵀ = weight · xᵀ</c>.</summary>
internal static class LibraryProduct
{
    /// <summary>The product; null where the library has none that gives the op's result.</summary>
    /// <param name="x">Input, <c>[..., I]</c>.</param>
    /// <param name="weight">Weight, <c>[O, I]</c>.</param>
    /// <param name="bias">Bias, <c>[O]</c>, or null.</param>
    /// <param name="activation">What follows; the library has <see cref="Activation.GeluTanh"/>, which it applies before rounding.</param>
    public static BlasProduct? Of(Tensor x, Tensor weight, Tensor? bias, Activation activation)
    {
        if (x.DType != weight.DType || (bias is not null && bias.DType != x.DType))
        {
            return null;
        }

        BlasElement element = x.DType == DType.F32 ? BlasElement.Float32 : BlasElement.BFloat16;
        (long inputs, long outputs, long rows) = (x.Shape[^1], weight.Shape[0], x.Shape.Rows);
        BlasMatrix result = new(element, outputs, rows, outputs);
        return new BlasProduct(new BlasMatrix(element, inputs, outputs, inputs), new BlasMatrix(element, inputs, rows, inputs), result, result)
        {
            TransposeA = true,
            BiasElement = element,
            Epilogue = Fuses(x, activation)
                ? bias is null ? BlasEpilogue.Gelu : BlasEpilogue.GeluBias
                : bias is null ? BlasEpilogue.Default : BlasEpilogue.Bias,
        };
    }

    /// <summary>Whether the library's product already has the activation: in BF16 the op rounds the sum before it, the library does not.</summary>
    public static bool Fuses(Tensor x, Activation activation) => activation == Activation.GeluTanh && x.DType == DType.F32;

    /// <summary>The addresses.</summary>
    public static BlasOperands Operands(Tensor x, Tensor weight, Tensor? bias, Tensor y) =>
        new((ulong)weight.Address, (ulong)x.Address, (ulong)y.Address, (ulong)y.Address) { Bias = bias is null ? 0 : (ulong)bias.Address };
}
