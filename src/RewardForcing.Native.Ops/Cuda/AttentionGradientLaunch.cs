using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>How the backward pass of attention is cut into tiles. Twin of the macros of <c>kernels/attention_gradient.cu</c>.</summary>
/// <param name="IsTensor">Whether the tensor cores multiply.</param>
/// <param name="HeadDim">Width of a head the kernel is compiled for; on the tensor cores rounded up.</param>
/// <param name="ValueDim">Columns of the gradients made by one block.</param>
/// <param name="Warps">Warps of a block, with 16 rows each.</param>
/// <param name="Step">Rows of the other side taken at a time.</param>
/// <param name="Stages">Of those, how many times there is room.</param>
internal readonly record struct AttentionGradientLaunch(bool IsTensor, int HeadDim, int ValueDim, int Warps, int Step, int Stages)
{
    /// <summary>Widest head in float.</summary>
    public const int WidestFloatHead = 768;

    private const int FloatThreads = 128;
    private const int WarpRows = 16;
    private const int WidestTensorHead = 384;
    private const int WidestValues = 128;

    // Heads up to here leave registers for biases beside steps of 32 rows; masks of each query's own need too many.
    private const int WidestOfLongSteps = 96;

    private int Rows => IsTensor ? Warps * WarpRows : Step;

    private int Parts => IsTensor ? HeadDim / ValueDim : 1;

    private int SharedBytes => IsTensor ? 2 * 16 * AttentionLaunch.Pitch(HeadDim) * (Rows + (Stages * Step)) : 4 * sizeof(float) * Step * (HeadDim | 1);

    /// <summary>Chooses by type and width of the heads.</summary>
    /// <param name="q">Queries.</param>
    /// <param name="scale">Factor of the scores.</param>
    /// <param name="mask">Which keys a query sees.</param>
    /// <param name="hasBias">Whether there is a relative bias.</param>
    /// <param name="aligned">Whether all tensors can be read 16 bytes at a time.</param>
    public static AttentionGradientLaunch Choose(Tensor q, float scale, AttentionMask mask, bool hasBias, bool aligned)
    {
        int width = q.Shape[3], padded = (width + 15) / 16 * 16;
        if (q.DType != DType.BF16 || width % 8 != 0 || !aligned || scale <= 0 || padded > WidestTensorHead)
        {
            // Four tiles of floats have to fit a block's shared memory.
            return new AttentionGradientLaunch(false, width, width, 0, width <= 160 ? 32 : width <= 384 ? 16 : 8, 0);
        }

        if (padded > WidestValues)
        {
            int parts = (padded + WidestValues - 1) / WidestValues, values = ((padded / parts) + 15) / 16 * 16;
            return new AttentionGradientLaunch(true, parts * values, values, 2, 16, 1);
        }

        bool isShort = !mask.IsUniform || (hasBias && padded > WidestOfLongSteps);
        return new AttentionGradientLaunch(true, padded, padded, 4, isShort ? 16 : 32, 2);
    }

    /// <summary>Defines the macros.</summary>
    public KernelCall Define(KernelCall call)
    {
        call.Define("RF_TENSOR", IsTensor ? 1 : 0).Define("RF_HEAD_DIM", HeadDim).Define("RF_STEP", Step);
        return IsTensor ? call.Define("RF_VALUE_DIM", ValueDim).Define("RF_WARPS", Warps).Define("RF_STAGES", Stages) : call;
    }

    /// <summary>Launches blocks that own rows of queries or keys.</summary>
    public void Run(KernelCall call, string entry, int batch, int rows, int heads) => call.Run(
        entry, new CudaExtent(KernelPlan.Blocks(rows, Rows), heads, checked(batch * Parts)), IsTensor ? 32 * Warps : FloatThreads, SharedBytes);
}
