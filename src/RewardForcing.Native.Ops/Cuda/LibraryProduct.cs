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

        BlasElement element = Element(x.DType);
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

    /// <summary>The gradient of the input, <c>dx = dy · weight</c>, in its terms <c>dxᵀ = weightᵀ · dyᵀ</c>; null where the library has none that gives the op's result.</summary>
    /// <param name="dy">Gradient of the result, <c>[..., O]</c>.</param>
    /// <param name="weight">Weight, <c>[O, I]</c>.</param>
    /// <param name="before">What GELU was taken of to make the input, <c>[..., I]</c>: the product is then the gradient of that. Null for the input itself.</param>
    public static BlasProduct? OfInput(Tensor dy, Tensor weight, Tensor? before)
    {
        if (dy.DType != weight.DType)
        {
            return null;
        }

        BlasElement element = Element(dy.DType);
        (long outputs, long rows) = (dy.Shape[^1], dy.Shape.Rows);
        long inputs = weight.Count / outputs;
        BlasMatrix result = new(element, inputs, rows, inputs);
        return new BlasProduct(new BlasMatrix(element, inputs, outputs, inputs), new BlasMatrix(element, outputs, rows, outputs), result, result)
        {
            Epilogue = before is null ? BlasEpilogue.Default : BlasEpilogue.GeluGradient,
            AuxLeadingDimension = before is null ? 0 : inputs,
        };
    }

    /// <summary>The gradient of the weight, <c>dweight = dyᵀ · x</c>, in its terms <c>dweightᵀ = xᵀ · dy</c>.</summary>
    /// <param name="dy">Gradient of the result, <c>[..., O]</c>.</param>
    /// <param name="x">Input, <c>[..., I]</c> of the type of <paramref name="dy"/>.</param>
    /// <param name="dweight">Where it goes, <c>[O, I]</c>; F32 or of the type of <paramref name="dy"/>.</param>
    /// <param name="sums">Whether the sums over rows of <paramref name="dy"/>, of the type of <paramref name="dweight"/>, are made beside it.</param>
    public static BlasProduct OfWeight(Tensor dy, Tensor x, Tensor dweight, bool sums)
    {
        BlasElement element = Element(dy.DType);
        (long outputs, long inputs, long rows) = (dy.Shape[^1], x.Shape[^1], dy.Shape.Rows);
        BlasMatrix result = new(Element(dweight.DType), inputs, outputs, inputs);
        return new BlasProduct(new BlasMatrix(element, inputs, rows, inputs), new BlasMatrix(element, outputs, rows, outputs), result, result)
        {
            TransposeB = true,
            BiasElement = result.Element,
            Epilogue = sums ? BlasEpilogue.BiasGradientB : BlasEpilogue.Default,
        };
    }

    /// <summary>Whether the library's product already has the activation: in BF16 the op rounds the sum before it, the library does not.</summary>
    public static bool Fuses(Tensor x, Activation activation) => activation == Activation.GeluTanh && x.DType == DType.F32;

    /// <summary>The addresses.</summary>
    public static BlasOperands Operands(Tensor x, Tensor weight, Tensor? bias, Tensor y) =>
        new((ulong)weight.Address, (ulong)x.Address, (ulong)y.Address, (ulong)y.Address) { Bias = bias is null ? 0 : (ulong)bias.Address };

    private static BlasElement Element(DType type) => type == DType.F32 ? BlasElement.Float32 : BlasElement.BFloat16;
}
