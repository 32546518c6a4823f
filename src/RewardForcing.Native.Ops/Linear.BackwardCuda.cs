using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

public static partial class Linear
{
    /// <summary>The gradient of the input, <c>dx = dy · weight</c>, of the type of <paramref name="dy"/>.</summary>
    /// <param name="pass">The pass to allocate in.</param>
    /// <param name="cuda">Its device.</param>
    /// <param name="dy">Gradient of the result, <c>[..., O]</c>.</param>
    /// <param name="x">Input, <c>[..., I]</c>; only its shape is looked at.</param>
    /// <param name="weight">Weight, <c>[O, I]</c>.</param>
    internal static Tensor InputGradientCuda(Pass pass, CudaDevice cuda, Tensor dy, Tensor x, Tensor weight)
    {
        Tensor dx = pass.New(x.Shape, dy.DType);
        if (dx.Count == 0)
        {
            return dx;
        }

        // Our own kernel reads the weight along the outputs, so that one is turned first.
        void Turned()
        {
            using Scope scope = pass.BeginScope();
            Tensor widened = ProductLaunch.Widen(pass, dy, weight);
            Own(cuda, dy, Permute.Forward(pass, pass.Reshape(widened, new Shape(dy.Shape[^1], x.Shape[^1])), 1, 0), null, Activation.None, dx);
        }

        if (LibraryProduct.OfInput(dy, weight, null) is not { } product)
        {
            Turned();
            return dx;
        }

        cuda.Multiply(product, new BlasOperands((ulong)weight.Address, (ulong)dy.Address, (ulong)dx.Address, (ulong)dx.Address), Turned);
        cuda.LookAt(dx, "linear's backward pass");
        return dx;
    }

    /// <summary>The gradient of what GELU was taken of to make the input: <c>(dy · weight) · gelu_tanh'(before)</c>, of the type of <paramref name="dy"/>.</summary>
    /// <param name="pass">The pass to allocate in.</param>
    /// <param name="cuda">Its device.</param>
    /// <param name="dy">Gradient of the result, <c>[..., O]</c>.</param>
    /// <param name="before">What GELU was taken of, <c>[..., I]</c>.</param>
    /// <param name="weight">Weight, <c>[O, I]</c>.</param>
    internal static Tensor GeluGradientCuda(Pass pass, CudaDevice cuda, Tensor dy, Tensor before, Tensor weight)
    {
        Tensor result = pass.New(before.Shape, before.DType);
        void Apart()
        {
            using Scope scope = pass.BeginScope();
            Unary.BackwardCuda(cuda, InputGradientCuda(pass, cuda, dy, before, weight), before, result, Activation.GeluTanh);
        }

        if (result.Count == 0 || LibraryProduct.OfInput(dy, weight, before) is not { } product)
        {
            Apart();
            return result;
        }

        cuda.Multiply(
            product, new BlasOperands((ulong)weight.Address, (ulong)dy.Address, (ulong)result.Address, (ulong)result.Address) { Aux = (ulong)before.Address }, Apart);
        cuda.LookAt(result, "fused_mlp's backward pass");
        return result;
    }

    /// <summary>Gradients of weight and bias, <c>dyᵀ · x</c> and the sums over rows of <paramref name="dy"/>; null for those that are not wanted.</summary>
    /// <param name="pass">The pass to allocate in.</param>
    /// <param name="cuda">Its device.</param>
    /// <param name="dy">Gradient of the result, <c>[..., O]</c>.</param>
    /// <param name="x">Input, <c>[..., I]</c>.</param>
    /// <param name="weight">Weight, <c>[O, I]</c>.</param>
    /// <param name="bias">Bias or null.</param>
    internal static (Tensor? Weight, Tensor? Bias) WeightGradientsCuda(Pass pass, CudaDevice cuda, Tensor dy, Tensor x, Tensor weight, Tensor? bias)
    {
        (Tensor? dweight, Tensor? dbias) = (Gradients.New(pass, weight), Gradients.New(pass, bias));
        if (dy.Count == 0)
        {
            dweight?.Clear();
            dbias?.Clear();
            return (dweight, dbias);
        }

        void Sums()
        {
            if (dbias is not null)
            {
                Gradients.SumRows(pass, Op, dy, dbias);
            }
        }

        if (dweight is null)
        {
            Sums();
            return (dweight, dbias);
        }

        BlasOperands operands = new((ulong)x.Address, (ulong)dy.Address, (ulong)dweight.Address, (ulong)dweight.Address);
        void Apart()
        {
            cuda.Multiply(LibraryProduct.OfWeight(dy, x, dweight, sums: false), operands, () => OwnWeightGradient(pass, cuda, dy, x, dweight));
            Sums();
        }

        if (dbias?.DType == dweight.DType)
        {
            cuda.Multiply(LibraryProduct.OfWeight(dy, x, dweight, sums: true), operands with { Bias = (ulong)dbias.Address }, Apart);
        }
        else
        {
            Apart();
        }

        cuda.LookAt(dweight, "linear's backward pass");
        return (dweight, dbias);
    }

    // A convolution with one position, whose pixels are the rows.
    private static void OwnWeightGradient(Pass pass, CudaDevice cuda, Tensor dy, Tensor x, Tensor dweight)
    {
        using Scope scope = pass.BeginScope();
        int rows = checked((int)dy.Shape.Rows);
        ConvolutionShape shape = new()
        {
            Frames = 1, Height = 1, Width = rows, Channels = x.Shape[^1], OutFrames = 1, OutHeight = 1, OutWidth = rows,
            TapFrames = 1, TapLines = 1, TapColumns = 1, Stride = 1, FrameStride = 1,
        };
        Tensor sums = dweight.DType == DType.F32 ? dweight : pass.New(dweight.Shape);
        FilterGradient.Run(pass, cuda, shape, x, null, dy, sums, null);
        if (!ReferenceEquals(sums, dweight))
        {
            Cast.ForwardCuda(cuda, sums, dweight);
        }
    }
}
