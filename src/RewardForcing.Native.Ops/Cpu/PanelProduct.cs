using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The product behind linear maps and convolutions: <c>y[r, n] = finish(sum_t sum_k x(r, t)[k] * w[n, k, t] + bias[n])</c>.</summary>
internal static class PanelProduct
{
    /// <summary>Computes the product.</summary>
    /// <param name="cpu">Whose threads share the work.</param>
    /// <param name="path">The kernels to use.</param>
    /// <param name="x">Where the rows are.</param>
    /// <param name="inputType">Their element type.</param>
    /// <param name="filter">Right operand.</param>
    /// <param name="finish">What happens to the sums.</param>
    public static void Run<TRows>(CpuDevice cpu, SimdPath path, TRows x, DType inputType, Filter filter, ProductFinish finish)
        where TRows : struct, IRowSource => SimdPaths.Run(path, new Work<TRows>(cpu, x, inputType, filter, finish));

    private readonly struct Work<TRows>(CpuDevice cpu, TRows x, DType inputType, Filter filter, ProductFinish finish) : ITileWork
        where TRows : struct, IRowSource
    {
        public void Run<TSimd, TVector, TTile>()
            where TSimd : struct, ISimd<TVector>
            where TVector : struct
            where TTile : struct, ITile
        {
            // A tile of three vectors also computes the columns that a narrow result does not have.
            int vectors = TTile.Columns == 3 * TSimd.Width ? (finish.Columns + TSimd.Width - 1) / TSimd.Width : 0;
            switch (vectors)
            {
                case 1:
                    new TiledProduct<SlimTile<TSimd, TVector>, TRows>(cpu, x, inputType, filter, finish).Run();
                    break;
                case 2 or 4:
                    new TiledProduct<MiddleTile<TSimd, TVector>, TRows>(cpu, x, inputType, filter, finish).Run();
                    break;
                default:
                    new TiledProduct<TTile, TRows>(cpu, x, inputType, filter, finish).Run();
                    break;
            }
        }
    }
}
