using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>What backward passes of ops share.</summary>
internal static class Gradients
{
    /// <summary>A place for the gradient of an input: of its own type, of a parameter or a view of one F32; null if none is needed.</summary>
    public static Tensor? New(Pass pass, Tensor? input) => input is { NeedsGrad: true } ? pass.New(input.Shape, TypeOf(input)) : null;

    /// <summary>The same of the input's own type even for a parameter, which adds it up in F32: kernels write what they read.</summary>
    public static Tensor? Like(Pass pass, Tensor? input) => input is { NeedsGrad: true } ? pass.New(input.Shape, input.DType) : null;

    /// <summary>The type of the gradient of an input.</summary>
    public static DType TypeOf(Tensor input) => input.IsWeight ? DType.F32 : input.DType;

    /// <summary>Adds up the rows of a tensor that are as long as <paramref name="total"/>: the gradient of what was repeated along them.</summary>
    public static void SumRows(Pass pass, string op, Tensor x, Tensor total)
    {
        if (pass.Device is CudaDevice cuda)
        {
            ColumnSums.OfRows(pass, cuda, 1, x, null, total);
            return;
        }

        ColumnSums.OfRows(Check.Cpu(op, pass.Device), 1, x, total);
    }
}
