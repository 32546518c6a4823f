using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

internal static partial class FilterGradient
{
    private const int Slice = 32;
    private const int Stages = 4;
    private const int FloatTile = 64;
    private const int MostTaps = 10;

    // What a block of the last pass turns at once: channels of a whole sector or more, in at most 32 KiB.
    private const int TurnedChannels = 32;
    private const int TurnedTaps = 8;
    private const int TurnedFloats = 8192;

    // Blocks that keep a large device busy, and rows below which a part is not worth its place in memory.
    private const int WantedBlocks = 264;
    private const int FewestRows = 512;

    /// <summary>Computes the gradient of a convolution's filter and bias on a CUDA device.</summary>
    /// <param name="back">Owns what the launches need meanwhile.</param>
    /// <param name="cuda">Its device.</param>
    /// <param name="shape">Sizes and steps of the convolution.</param>
    /// <param name="x">What was convolved.</param>
    /// <param name="history">Frames before it, or null.</param>
    /// <param name="dy">Gradient of the result, at least one element.</param>
    /// <param name="dweight">Receives <c>[O, C, taps]</c>, F32.</param>
    /// <param name="dbias">Receives <c>[O]</c>, F32; null where it is not wanted.</param>
    public static void Run(Pass back, CudaDevice cuda, ConvolutionShape shape, Tensor x, Tensor? history, Tensor dy, Tensor dweight, Tensor? dbias)
    {
        using Scope scope = back.BeginScope();
        (long rows, int outputs) = (dy.Shape.Rows, dy.Shape[^1]);
        int depth = checked(shape.Taps * shape.Channels);
        bool tensor = IsTensor(shape, x, history, dy);
        (int tileRows, int tileColumns) = tensor ? (outputs <= 64 ? 64 : 128, depth <= 64 ? 64 : 128) : (FloatTile, FloatTile);
        (int down, int across) = (KernelPlan.Blocks(outputs, tileRows), KernelPlan.Blocks(depth, tileColumns));
        (int parts, long each) = Cut(rows, (WantedBlocks + (down * across) - 1) / (down * across));

        // Sums of one part are the whole where taps need no turning.
        bool isWhole = parts == 1 && shape.Taps == 1;
        Tensor partial = isWhole ? dweight : back.New(new Shape(parts, outputs, depth));
        KernelCall call = Define(new KernelCall(cuda, "filter_gradient"), shape, x.DType, tensor, tileRows, tileColumns)
            .Pointer(partial).Pointer(dy).Pointer(x).Pointer(shape.HistoryFrames == 0 ? null : history).Long(rows).Long(each)
            .Int(shape.Frames, shape.HistoryFrames, shape.Height >> shape.Doubling, shape.Width >> shape.Doubling, shape.Channels)
            .Int(shape.OutFrames, shape.OutHeight, shape.OutWidth, outputs, shape.Stride, shape.FrameStride, shape.PadFrames, shape.Top, shape.Left);
        int shared = tensor ? Math.Max(Stages * (tileRows + tileColumns) * Slice * sizeof(short), tileRows * tileColumns * sizeof(float)) : 0;
        call.Run("filter_gradient_backward_partial", new CudaExtent(across, down, parts), tensor ? 128 : 256, shared);
        if (!isWhole)
        {
            Sum(Define(new KernelCall(cuda, "filter_gradient"), shape, x.DType, tensor, tileRows, tileColumns), dweight, partial, parts, outputs, shape.Taps, shape.Channels);
        }

        if (dbias is not null)
        {
            ColumnSums.OfRows(back, cuda, 1, dy, null, dbias);
        }
    }

    private static bool IsTensor(ConvolutionShape shape, Tensor x, Tensor? history, Tensor dy)
    {
        bool fits = x.DType == DType.BF16 && shape.Channels % 8 == 0 && dy.Shape[^1] % 8 == 0;
        fits = fits && Math.Max(Math.Max(shape.TapFrames, shape.TapLines), shape.TapColumns) <= MostTaps;
        fits = fits && Math.Max(x.Shape.Rows, history?.Shape.Rows ?? 0) <= int.MaxValue;
        return fits && KernelPlan.IsAligned(x) && KernelPlan.IsAligned(history) && KernelPlan.IsAligned(dy);
    }

    // Parts of whole slices, as many as wanted if they are long enough.
    private static (int Parts, long Each) Cut(long rows, int wanted)
    {
        long parts = Math.Clamp(wanted, 1, (rows + FewestRows - 1) / FewestRows);
        long each = ((rows + parts - 1) / parts + Slice - 1) / Slice * Slice;
        return (KernelPlan.Blocks(rows, each), each);
    }

    private static void Sum(KernelCall call, Tensor total, Tensor partial, int parts, int outputs, int taps, int channels)
    {
        int each = Math.Clamp(TurnedFloats / taps, 1, TurnedChannels);
        call.Pointer(total).Pointer(partial).Int(parts, outputs, taps, channels, each)
            .Run("filter_gradient_backward", new CudaExtent(KernelPlan.Blocks(channels, each), outputs), new CudaExtent(TurnedChannels, TurnedTaps), each * taps * sizeof(float));
    }

    private static KernelCall Define(KernelCall call, ConvolutionShape shape, DType type, bool tensor, int tileRows, int tileColumns)
    {
        call.Define("RF_T", type).Define("RF_TENSOR", tensor ? 1 : 0).Define("RF_DOUBLED", shape.Doubling)
            .Define("RF_TAP_FRAMES", shape.TapFrames).Define("RF_TAP_LINES", shape.TapLines).Define("RF_TAP_COLUMNS", shape.TapColumns);
        return tensor ? call.Define("RF_TILE_M", tileRows).Define("RF_TILE_N", tileColumns).Define("RF_STAGES", Stages) : call;
    }
}
