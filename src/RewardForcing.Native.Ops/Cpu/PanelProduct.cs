using System.Numerics;
using System.Runtime.Intrinsics;
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
        where TRows : struct, IRowSource
    {
        switch (path)
        {
            case SimdPath.Avx512:
                new TiledProduct<WideTile<Simd512, Vector512<float>>, TRows>(cpu, x, inputType, filter, finish).Run();
                break;
            case SimdPath.Avx2:
                new TiledProduct<NarrowTile<Simd256, Vector256<float>>, TRows>(cpu, x, inputType, filter, finish).Run();
                break;
            case SimdPath.PortableWide:
                new TiledProduct<WideTile<SimdPortable, Vector<float>>, TRows>(cpu, x, inputType, filter, finish).Run();
                break;
            case SimdPath.Portable:
                new TiledProduct<NarrowTile<SimdPortable, Vector<float>>, TRows>(cpu, x, inputType, filter, finish).Run();
                break;
            default:
                new TiledProduct<NarrowTile<SimdScalar, float>, TRows>(cpu, x, inputType, filter, finish).Run();
                break;
        }
    }
}
