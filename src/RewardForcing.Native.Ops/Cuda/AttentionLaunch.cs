using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>How attention is cut into tiles. Twin of the macros of <c>kernels/attention.cu</c>.</summary>
/// <param name="IsTensor">Whether the tensor cores multiply.</param>
/// <param name="HeadDim">Width of a head the kernel is compiled for; on the tensor cores rounded up.</param>
/// <param name="ValueDim">Columns of the values made by one block.</param>
/// <param name="WarpRows">Queries of a warp.</param>
/// <param name="Keys">Keys taken at a time.</param>
internal readonly record struct AttentionLaunch(bool IsTensor, int HeadDim, int ValueDim, int WarpRows, int Keys)
{
    private const int Threads = 128;
    private const int Warps = 4;
    private const int WidestTensorHead = 384;
    private const int WidestValues = 192;

    /// <summary>Queries of a block.</summary>
    public int Queries => IsTensor ? Warps * WarpRows : Keys;

    /// <summary>Dynamic shared memory of a block.</summary>
    public int SharedBytes => IsTensor
        ? 16 * ((Queries * Pitch(HeadDim)) + (2 * Keys * Pitch(HeadDim)) + (2 * Keys * Pitch(ValueDim)))
        : sizeof(float) * (Queries + Keys) * (HeadDim | 1);

    private int Parts => IsTensor ? (HeadDim + ValueDim - 1) / ValueDim : 1;

    /// <summary>Chooses by type, width of the heads and number of queries.</summary>
    public static AttentionLaunch Choose(Tensor q, float scale, int mask, bool hasBias, bool aligned)
    {
        (int queries, int width) = (q.Shape[1], q.Shape[3]);
        int padded = (width + 15) / 16 * 16;
        if (q.DType != DType.BF16 || width % 8 != 0 || !aligned || scale <= 0 || padded > WidestTensorHead)
        {
            // Two tiles of floats have to fit a block's shared memory.
            return new AttentionLaunch(false, width, width, 0, width <= 160 ? 32 : 16);
        }

        if (padded > 256)
        {
            int parts = (padded + WidestValues - 1) / WidestValues;
            return new AttentionLaunch(true, padded, ((padded / parts) + 15) / 16 * 16, 16, 16);
        }

        // Two fragments of queries to a warp halve the traffic of shared memory, where their sums fit the registers.
        bool broad = padded <= 128 && !hasBias && queries > 64;
        return new AttentionLaunch(true, padded, padded, broad ? 32 : 16, broad && mask <= 1 ? 64 : 32);
    }

    /// <summary>Defines the macros and launches.</summary>
    public void Run(KernelCall call, int batch, int queries, int heads)
    {
        call.Define("RF_TENSOR", IsTensor ? 1 : 0).Define("RF_HEAD_DIM", HeadDim).Define("RF_KEYS", Keys);
        if (IsTensor)
        {
            call.Define("RF_VALUE_DIM", ValueDim).Define("RF_ROWS", WarpRows);
        }

        call.Run("attention_forward", new CudaExtent(KernelPlan.Blocks(queries, Queries), heads, checked(batch * Parts)), Threads, SharedBytes);
    }

    // Chunks of 16 bytes from row to row.
    internal static int Pitch(int columns) => columns / 8 % 8 == 0 || columns / 8 == 4 ? columns / 8 : (columns / 8) | 1;
}
