using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>How a product <c>[rows, depth] · [columns, depth]ᵀ</c> is cut into tiles on devices with tensor copies and warpgroup products. Twin of <c>kernels/common/linear_sm90.cuh</c>.</summary>
/// <param name="TileColumns">Columns of a tile.</param>
internal readonly record struct HopperProduct(int TileColumns)
{
    private const int Threads = 384;
    private const int TileRows = 128;
    private const int Slice = 64;
    private const int Stages = 4;

    // A tile that is mostly empty costs as much as a full one; the general kernel has smaller ones.
    private const int FewestRows = 64;

    /// <summary>Chooses tiles; null where the kernel does not fit the device or the operands.</summary>
    /// <param name="cuda">The device.</param>
    /// <param name="rows">Rows of the result.</param>
    /// <param name="columns">Columns of the result.</param>
    /// <param name="depth">What is summed over.</param>
    /// <param name="x">Left operand.</param>
    /// <param name="weight">Right operand.</param>
    /// <param name="bias">Bias or null.</param>
    public static HopperProduct? Choose(CudaDevice cuda, long rows, int columns, int depth, Tensor x, Tensor weight, Tensor? bias)
    {
        if (!KernelPlan.IsHopper(cuda) || x.DType != DType.BF16 || weight.DType != DType.BF16 || depth % 8 != 0 || rows < FewestRows || rows > int.MaxValue
            || bias?.DType is not (null or DType.BF16 or DType.F32) || !KernelPlan.IsAligned(x) || !KernelPlan.IsAligned(weight))
        {
            return null;
        }

        // Wide tiles read less from the cache; narrow ones where there would not be one for every multiprocessor.
        const int wide = 256, narrow = 128;
        bool isLarge = columns > narrow && ((rows + TileRows - 1) / TileRows) * ((columns + wide - 1) / wide) >= cuda.Multiprocessors;
        return new HopperProduct(isLarge ? wide : narrow);
    }

    /// <summary>Dynamic shared memory of a block.</summary>
    public static int SharedBytes(int tileColumns) => Stages * (TileRows + tileColumns) * Slice * sizeof(short);

    /// <summary>Adds the tensor map of the left operand.</summary>
    public KernelCall Left(KernelCall call, Tensor x, long rows, int depth) => call.Map(x.Address, rows, depth, TileRows);

    /// <summary>Adds the tensor map of the right operand.</summary>
    public KernelCall Right(KernelCall call, Tensor weight, int columns, int depth) => call.Map(weight.Address, columns, depth, TileColumns);

    /// <summary>Defines the macros and launches.</summary>
    public void Run(KernelCall call, string entry, long rows, int columns) => call.Define("RF_TILE_N", TileColumns).Define("RF_STAGES", Stages).Run(
        entry, new CudaExtent(KernelPlan.Blocks(rows, TileRows), KernelPlan.Blocks(columns, TileColumns)), Threads, SharedBytes(TileColumns));
}
