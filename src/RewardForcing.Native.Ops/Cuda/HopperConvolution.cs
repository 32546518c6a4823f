using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>How a causal convolution is cut into tiles on devices with tensor copies and warpgroup products. Twin of <c>kernels/causal_conv3d_sm90.cu</c>.</summary>
/// <param name="TileColumns">Outputs of a tile.</param>
/// <param name="Slice">Channels multiplied at a time.</param>
internal readonly record struct HopperConvolution(int TileColumns, int Slice)
{
    private const int Threads = 384;

    /// <summary>Lines of pixels of a tile.</summary>
    public const int TileLines = 8;

    /// <summary>Pixels of a line of a tile.</summary>
    public const int TileWidth = 16;

    private const int WideSlice = 64;
    private const int Stages = 4;

    /// <summary>Dynamic shared memory of a block.</summary>
    public int SharedBytes => StagesOfSlice * ((TileLines * TileWidth) + TileColumns) * Slice * sizeof(short);

    // Narrow slices need twice as many on their way.
    private int StagesOfSlice => Stages * WideSlice / Slice;

    /// <summary>Chooses tiles; null where the kernel does not fit the device or the operands, or most of a tile would lie outside.</summary>
    /// <param name="cuda">The device.</param>
    /// <param name="x">Input, <c>[B, T, H, W, C]</c>.</param>
    /// <param name="history">Frames before, or null.</param>
    /// <param name="weight">Weight, <c>[O, taps..., C]</c>.</param>
    /// <param name="bias">Bias or null.</param>
    public static HopperConvolution? Choose(CudaDevice cuda, Tensor x, Tensor? history, Tensor weight, Tensor? bias)
    {
        (int height, int width, int channels, int outputs) = (x.Shape[2], x.Shape[3], x.Shape[4], weight.Shape[0]);
        bool fits = KernelPlan.IsHopper(cuda) && x.DType == DType.BF16 && weight.DType == DType.BF16 && bias?.DType is null or DType.BF16 or DType.F32;
        fits = fits && channels % 8 == 0 && x.Count > 0 && height >= TileLines / 2 && width >= TileWidth / 2;
        if (!fits || !KernelPlan.IsAligned(x) || !KernelPlan.IsAligned(history) || !KernelPlan.IsAligned(weight))
        {
            return null;
        }

        return For(channels, outputs);
    }

    /// <summary>The tiles for a number of channels and of outputs.</summary>
    public static HopperConvolution For(int channels, int outputs) => new(
        outputs <= 32 ? 32 : outputs % 192 == 0 ? 192 : outputs % 96 == 0 ? 96 : 128, channels % WideSlice == 0 ? WideSlice : WideSlice / 2);

    /// <summary>Launches.</summary>
    public void Run(CudaDevice cuda, Tensor x, Tensor? history, Tensor weight, Tensor? bias, int padFrames, int frameStride, Tensor y)
    {
        (ulong height, ulong width, ulong channels) = ((ulong)x.Shape[2], (ulong)x.Shape[3], (ulong)x.Shape[4]);
        int before = history?.Shape[1] ?? 0;
        Tensor earlier = before == 0 ? x : history!;
        ulong Frames(Tensor tensor) => (ulong)tensor.Shape[0] * (ulong)tensor.Shape[1];
        (int outputs, int taps) = (weight.Shape[0], weight.Shape[1] * weight.Shape[2] * weight.Shape[3]);
        ReadOnlySpan<uint> box = [(uint)Slice, TileWidth, TileLines, 1];
        KernelCall call = new KernelCall(cuda, "causal_conv3d_sm90").Define("RF_T", x.DType).Define("RF_B", (bias ?? x).DType)
            .Define("RF_TAP_FRAMES", weight.Shape[1]).Define("RF_TAP_LINES", weight.Shape[2]).Define("RF_TAP_COLUMNS", weight.Shape[3])
            .Define("RF_TILE_N", TileColumns).Define("RF_SLICE", Slice).Define("RF_STAGES", StagesOfSlice)
            .Pointer(y).Map(x.Address, [channels, width, height, Frames(x)], box).Map(earlier.Address, [channels, width, height, Frames(earlier)], box)
            .Map(weight.Address, [channels, (ulong)taps, (ulong)outputs], [(uint)Slice, 1, (uint)TileColumns]).Pointer(bias)
            .Int(x.Shape[0], x.Shape[1], before, x.Shape[2], x.Shape[3], x.Shape[4], y.Shape[1], outputs, frameStride, padFrames);
        long tiles = (long)KernelPlan.Blocks(x.Shape[3], TileWidth) * KernelPlan.Blocks(x.Shape[2], TileLines) * y.Shape[0] * y.Shape[1];
        call.Run("causal_conv3d_forward", new CudaExtent(checked((int)tiles), KernelPlan.Blocks(outputs, TileColumns)), Threads, SharedBytes);
    }
}
