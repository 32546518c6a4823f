using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The gradient of the right operand of a product: <c>dw[n, c, t] = sum_r dy[r, n] * x(r, t)[c]</c> and <c>dbias[n] = sum_r dy[r, n]</c>.</summary>
internal static partial class FilterGradient
{
    /// <summary>Computes the gradient; the same bits for any number of threads.</summary>
    /// <param name="cpu">Whose threads share the work.</param>
    /// <param name="path">The kernels to use.</param>
    /// <param name="x">Where the rows of the left operand are.</param>
    /// <param name="inputType">Their element type, F32 or BF16.</param>
    /// <param name="channels">Their length.</param>
    /// <param name="taps">Rows of the left operand under one row of the result.</param>
    /// <param name="dy">Gradient of the result, <c>[..., N]</c>, F32 or BF16, at least one element.</param>
    /// <param name="dweight">Receives <c>[N, channels, taps]</c>, F32.</param>
    /// <param name="dbias">Receives <c>[N]</c>, F32; null where it is not wanted.</param>
    public static void Run<TRows>(
        CpuDevice cpu, SimdPath path, TRows x, DType inputType, int channels, int taps, Tensor dy, Tensor dweight, Tensor? dbias)
        where TRows : struct, IRowSource => SimdPaths.Run(path, new Work<TRows>(cpu, x, inputType, channels, taps, dy, dweight, dbias));

    private readonly struct Work<TRows>(CpuDevice cpu, TRows x, DType inputType, int channels, int taps, Tensor dy, Tensor dweight, Tensor? dbias) : ITileWork
        where TRows : struct, IRowSource
    {
        public void Run<TSimd, TVector, TTile>()
            where TSimd : struct, ISimd<TVector>
            where TVector : struct
            where TTile : struct, ITile => new TiledFilterGradient<TTile, TRows>(cpu, x, inputType, channels, taps, dy, dbias is not null).Run(dweight, dbias);
    }
}
