using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Sizes and steps of a convolution over channels-last frames; an image is a video of one frame.</summary>
internal readonly record struct ConvolutionShape
{
    public int Frames { get; init; }

    public int HistoryFrames { get; init; }

    public int Height { get; init; }

    public int Width { get; init; }

    public int Channels { get; init; }

    public int OutFrames { get; init; }

    public int OutHeight { get; init; }

    public int OutWidth { get; init; }

    public int TapFrames { get; init; }

    public int TapLines { get; init; }

    public int TapColumns { get; init; }

    public int Stride { get; init; }

    public int FrameStride { get; init; }

    public int PadFrames { get; init; }

    public int Top { get; init; }

    public int Left { get; init; }

    /// <summary>1 where every pixel in memory counts as 2 x 2 of them; height and width are those of the doubled frames.</summary>
    public int Doubling { get; init; }

    /// <summary>Positions of the filter.</summary>
    public int Taps => TapFrames * TapLines * TapColumns;

    /// <summary>Convolves on the processor.</summary>
    public void Run(CpuDevice cpu, SimdPath path, Tensor x, Tensor? history, Tensor weight, Tensor? bias, Tensor y)
    {
        int elementBytes = x.DType.Size();
        using var memory = new ScratchMemory(cpu, ScratchMemory.SizeOf<byte>((long)Channels * elementBytes));
        PixelRows rows = new(this, elementBytes, x.Address, history?.Address ?? 0, Zeros(memory, (long)Channels * elementBytes));
        PanelProduct.Run(cpu, path, rows, x.DType, new Filter(weight, y.Shape[^1], Channels, Taps), new ProductFinish(y, bias, Activation.None));
    }

    /// <summary>Adds up what each position of the filter and the bias contributed, from the gradient of the result.</summary>
    /// <param name="back">The pass to allocate in.</param>
    /// <param name="op">The op, for the sentence about a device that has no path.</param>
    /// <param name="x">What was convolved.</param>
    /// <param name="history">Frames before it, or null.</param>
    /// <param name="weight">The filter, <c>[O, C, taps...]</c>.</param>
    /// <param name="bias">The bias, or null.</param>
    /// <param name="dy">Gradient of the result.</param>
    /// <returns>Gradients of filter and bias, F32.</returns>
    public (Tensor Weight, Tensor? Bias) FilterGradients(Pass back, string op, Tensor x, Tensor? history, Tensor weight, Tensor? bias, Tensor dy)
    {
        Tensor dweight = back.New(weight.Shape);
        Tensor? dbias = bias is null ? null : back.New(bias.Shape);
        if (dy.Count == 0)
        {
            dweight.Clear();
            dbias?.Clear();
        }
        else if (back.Device is CudaDevice cuda)
        {
            FilterGradient.Run(back, cuda, this, x, history, dy, dweight, dbias);
        }
        else
        {
            FilterGradientsCpu(Check.Cpu(op, back.Device), SimdPaths.Best, x, history, dy, dweight, dbias);
        }

        return (dweight, dbias);
    }

    private void FilterGradientsCpu(CpuDevice cpu, SimdPath path, Tensor x, Tensor? history, Tensor dy, Tensor dweight, Tensor? dbias)
    {
        int elementBytes = x.DType.Size();
        using var memory = new ScratchMemory(cpu, ScratchMemory.SizeOf<byte>((long)Channels * elementBytes));
        PixelRows rows = new(this, elementBytes, x.Address, history?.Address ?? 0, Zeros(memory, (long)Channels * elementBytes));
        FilterGradient.Run(cpu, path, rows, x.DType, Channels, Taps, dy, dweight, dbias);
    }

    private static unsafe nint Zeros(ScratchMemory memory, long bytes)
    {
        byte* zeros = memory.Take<byte>(bytes);
        new Span<byte>(zeros, checked((int)bytes)).Clear();
        return (nint)zeros;
    }
}
