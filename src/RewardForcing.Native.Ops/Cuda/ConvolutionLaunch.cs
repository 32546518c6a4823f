using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>What the convolutions have in common on a CUDA device: the weight with channels last, the types, the filter, the tiles.</summary>
internal readonly struct ConvolutionLaunch
{
    // What the kernel on the tensor cores keeps in a mask and in 32-bit numbers.
    private const int MostTaps = 10;
    private const long MostPixels = int.MaxValue;

    private readonly ProductLaunch _product;
    private readonly long _rows;
    private readonly int _outputs;

    /// <summary>Prepares a launch; what it needs is made in the innermost scope.</summary>
    /// <param name="pass">The pass.</param>
    /// <param name="cuda">Its device.</param>
    /// <param name="stem">The kernel's file.</param>
    /// <param name="x">Input, channels last.</param>
    /// <param name="weight">Weight as PyTorch stores it, <c>[O, C, (kT,) kH, kW]</c>.</param>
    /// <param name="bias">Bias or null.</param>
    /// <param name="y">Result, channels last.</param>
    /// <param name="history">Frames before the input, if there are any.</param>
    public ConvolutionLaunch(Pass pass, CudaDevice cuda, string stem, Tensor x, Tensor weight, Tensor? bias, Tensor y, Tensor? history = null)
    {
        int rank = weight.Shape.Rank;
        Tensor loaded = ProductLaunch.Widen(pass, x, weight);
        Weight = rank == 5 ? Permute.Forward(pass, loaded, 0, 2, 3, 4, 1) : Permute.Forward(pass, loaded, 0, 2, 3, 1);
        (_rows, _outputs) = (y.Shape.Rows, y.Shape[^1]);
        bool fits = Enumerable.Range(2, rank - 2).All(axis => weight.Shape[axis] <= MostTaps) && Math.Max(x.Shape.Rows, history?.Shape.Rows ?? 0) <= MostPixels;
        _product = ProductLaunch.Choose(cuda, _rows, _outputs, fits ? x.Shape[^1] : 1, x, Weight, history);
        Call = new KernelCall(cuda, stem).Define("RF_T", x.DType).Define("RF_W", Weight.DType).Define("RF_B", (bias ?? x).DType)
            .Define("RF_TAP_FRAMES", rank == 5 ? weight.Shape[2] : 1).Define("RF_TAP_LINES", weight.Shape[^2]).Define("RF_TAP_COLUMNS", weight.Shape[^1]);
    }

    /// <summary>The weight, <c>[O, taps, C]</c>.</summary>
    public Tensor Weight { get; }

    /// <summary>The call; takes the kernel's arguments.</summary>
    public KernelCall Call { get; }

    /// <summary>Launches.</summary>
    /// <param name="entry">The kernel.</param>
    /// <param name="doubled">Whether every pixel of the input counts as 2 x 2.</param>
    public void Run(string entry, bool doubled = false) => _product.Run(Call.Define("RF_DOUBLED", doubled ? 1 : 0), entry, _rows, _outputs);
}
