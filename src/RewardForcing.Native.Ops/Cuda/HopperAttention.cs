using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Attention on devices with tensor copies and warpgroup products. Twin of <c>kernels/attention_sm90.cu</c>.</summary>
internal static class HopperAttention
{
    private const int Threads = 384;
    private const int HeadDim = 128;
    private const int Tile = 128;

    /// <summary>Dynamic shared memory of a block: queries, and two stages of keys and of values.</summary>
    public const int SharedBytes = 5 * Tile * HeadDim * sizeof(short);

    /// <summary>Whether the kernel fits the device and the operands, and has at least half a tile of queries to work on.</summary>
    public static bool Fits(CudaDevice cuda, Tensor q, Tensor k, float scale, AttentionMask mask, bool hasBias, bool aligned) =>
        KernelPlan.IsHopper(cuda) && q.DType == DType.BF16 && q.Shape[3] == HeadDim && mask == AttentionMask.All && !hasBias && aligned && scale > 0
        && q.Shape[1] >= Tile / 2 && k.Shape[1] > 0;

    /// <summary>Launches, one sample after the other.</summary>
    public static void Run(CudaDevice cuda, Tensor q, Tensor k, Tensor v, float scale, Tensor y, Tensor? logSum)
    {
        (int batch, int queries, int keys, int heads) = (q.Shape[0], q.Shape[1], k.Shape[1], q.Shape[2]);
        int columns = heads * HeadDim;
        for (int sample = 0; sample < batch; sample++)
        {
            long ofQueries = sample * (q.Bytes / batch), ofKeys = sample * (k.Bytes / batch);
            KernelCall call = new KernelCall(cuda, "attention_sm90").Define("RF_T", q.DType).Long(y.Address + ofQueries).Long(logSum is null ? 0 : logSum.Address + (sample * (logSum.Bytes / batch)))
                .Map(q.Address + ofQueries, queries, columns, Tile).Map(k.Address + ofKeys, keys, columns, Tile).Map(v.Address + ofKeys, keys, columns, Tile)
                .Int(queries, keys, heads).Float(scale);
            call.Run("attention_forward", new CudaExtent(KernelPlan.Blocks(queries, Tile), heads), Threads, SharedBytes);
        }
    }
}
