using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>How a product <c>[rows, depth] · [columns, depth]ᵀ</c> is cut into tiles, on the tensor cores or in float. Twin of <c>kernels/common/product.cuh</c>.</summary>
/// <param name="IsTensor">Whether the tensor cores multiply.</param>
/// <param name="TileRows">Rows of a tile.</param>
/// <param name="TileColumns">Columns of a tile.</param>
internal readonly record struct ProductLaunch(bool IsTensor, int TileRows, int TileColumns)
{
    private const int Slice = 32;
    private const int Stages = 4;
    private const int FloatTile = 64;

    /// <summary>Threads of a block.</summary>
    public int Threads => IsTensor ? 128 : 256;

    /// <summary>Dynamic shared memory of a block: slices on their way, or the sums on theirs to memory.</summary>
    public int SharedBytes => IsTensor ? Math.Max(Stages * (TileRows + TileColumns) * Slice * sizeof(short), TileRows * TileColumns * sizeof(float)) : 0;

    /// <summary>Chooses: the tensor cores where they lose nothing, and large tiles where there are enough of them for all multiprocessors.</summary>
    /// <param name="cuda">The device.</param>
    /// <param name="rows">Rows of the result.</param>
    /// <param name="columns">Columns of the result.</param>
    /// <param name="depth">What the length of a run of neighbours in both operands is a multiple of.</param>
    /// <param name="x">Left operand.</param>
    /// <param name="weight">Right operand.</param>
    /// <param name="others">Further tensors read 16 bytes at a time.</param>
    public static ProductLaunch Choose(CudaDevice cuda, long rows, int columns, int depth, Tensor x, Tensor weight, params ReadOnlySpan<Tensor?> others)
    {
        bool tensor = x.DType == DType.BF16 && weight.DType == DType.BF16 && depth % 8 == 0 && KernelPlan.IsAligned(x) && KernelPlan.IsAligned(weight);
        foreach (Tensor? other in others)
        {
            tensor = tensor && KernelPlan.IsAligned(other);
        }

        if (!tensor)
        {
            return new ProductLaunch(false, FloatTile, FloatTile);
        }

        int wide = columns % 128 == 0 ? 128 : columns % 96 == 0 ? 96 : columns <= 64 ? 64 : 128;
        long blocks = ((rows + 127) / 128) * ((columns + wide - 1) / wide);
        return blocks >= cuda.Multiprocessors
            ? new ProductLaunch(true, 128, wide) : new ProductLaunch(true, 64, 64);
    }

    /// <summary>A weight the tensor cores can take without loss where there is one: 8-bit floats are bfloat16 numbers.</summary>
    public static Tensor Widen(Pass pass, Tensor x, Tensor weight) =>
        x.DType == DType.BF16 && weight.DType == DType.F8E4M3 ? Cast.Forward(pass, weight, DType.BF16) : weight;

    /// <summary>Defines the macros and launches.</summary>
    public void Run(KernelCall call, string entry, long rows, int columns)
    {
        call.Define("RF_TENSOR", IsTensor ? 1 : 0);
        if (IsTensor)
        {
            call.Define("RF_TILE_M", TileRows).Define("RF_TILE_N", TileColumns).Define("RF_STAGES", Stages);
        }

        call.Run(entry, new CudaExtent(KernelPlan.Blocks(rows, TileRows), KernelPlan.Blocks(columns, TileColumns)), Threads, SharedBytes);
    }
}
