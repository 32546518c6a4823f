using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>
/// A product of two binary32 matrices that were packed for it: the rows of op(A) 32 at a time, the columns of op(B) 4 at a time, K inside. Sums run over K in
/// order, in one accumulator each.
/// </summary>
internal sealed unsafe class ProductPanels : IDisposable
{
    /// <summary>Rows of op(A) in a panel.</summary>
    public const int Rows = 32;

    /// <summary>Columns of op(B) in a panel.</summary>
    public const int Columns = 4;

    private readonly int _k;
    private readonly float* _a;
    private readonly float* _b;

    /// <summary>Makes room.</summary>
    public ProductPanels(int m, int n, int k)
    {
        _k = k;
        _a = (float*)NativeMemory.AlignedAlloc((nuint)Panels(m, Rows) * Rows * (nuint)k * sizeof(float), 64);
        _b = (float*)NativeMemory.AlignedAlloc((nuint)Panels(n, Columns) * Columns * (nuint)k * sizeof(float), 64);
    }

    /// <summary>Panels that a number of rows or columns takes.</summary>
    public static int Panels(int count, int of) => (count + of - 1) / of;

    /// <summary>A panel of op(A), <c>[K, 32]</c>.</summary>
    public float* A(int panel) => _a + ((long)panel * Rows * _k);

    /// <summary>A panel of op(B), <c>[K, 4]</c>.</summary>
    public float* B(int panel) => _b + ((long)panel * Columns * _k);

    /// <summary>One tile of the product, to <c>[4, 32]</c>: columns in rows.</summary>
    public void Tile(int rowPanel, int columnPanel, float* result)
    {
        Vector512<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default, c30 = default, c31 = default;
        float* a = A(rowPanel), b = B(columnPanel);
        for (int k = 0; k < _k; k++, a += Rows, b += Columns)
        {
            Vector512<float> low = Vector512.Load(a), high = Vector512.Load(a + 16);
            Vector512<float> b0 = Vector512.Create(b[0]), b1 = Vector512.Create(b[1]), b2 = Vector512.Create(b[2]), b3 = Vector512.Create(b[3]);
            (c00, c01) = (Vector512.FusedMultiplyAdd(low, b0, c00), Vector512.FusedMultiplyAdd(high, b0, c01));
            (c10, c11) = (Vector512.FusedMultiplyAdd(low, b1, c10), Vector512.FusedMultiplyAdd(high, b1, c11));
            (c20, c21) = (Vector512.FusedMultiplyAdd(low, b2, c20), Vector512.FusedMultiplyAdd(high, b2, c21));
            (c30, c31) = (Vector512.FusedMultiplyAdd(low, b3, c30), Vector512.FusedMultiplyAdd(high, b3, c31));
        }

        c00.Store(result);
        c01.Store(result + 16);
        c10.Store(result + 32);
        c11.Store(result + 48);
        c20.Store(result + 64);
        c21.Store(result + 80);
        c30.Store(result + 96);
        c31.Store(result + 112);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_a);
        NativeMemory.AlignedFree(_b);
    }
}
