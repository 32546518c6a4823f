using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Products on devices with tensor copies and warpgroup products. Twin of <c>kernels/common/linear_sm90.cuh</c>.</summary>
internal static class HopperProduct
{
    private const int Threads = 384;
    private const int TileRows = 128;
    private const int Slice = 64;
    private const int Stages = 4;

    /// <summary>Dynamic shared memory of a block.</summary>
    public static int SharedBytes(int tileColumns) => Stages * (TileRows + tileColumns) * Slice * sizeof(short);
}
