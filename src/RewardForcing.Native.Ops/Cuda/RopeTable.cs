using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The angles of a grid on a CUDA device: cosines and sines of each axis, made by a kernel in double. Layout: <c>kernels/common/rope.cuh</c>.</summary>
internal readonly struct RopeTable
{
    private readonly RopeGrid _grid;
    private readonly int _time;
    private readonly int _plane;

    /// <summary>Makes the table in the innermost scope; with direction -1 of the opposite angles.</summary>
    public RopeTable(Pass pass, CudaDevice cuda, RopeGrid grid, int headDim, int direction = 1)
    {
        _grid = grid;
        _plane = 2 * (headDim / 6);
        _time = headDim - (2 * _plane);
        int entries = checked((grid.Frames * (_time / 2)) + ((grid.Height + grid.Width) * (_plane / 2)));
        Angles = pass.New(new Shape(Math.Max(entries, 1), 2));
        if (entries > 0)
        {
            // The angles do not depend on type and width; any variant of the file makes them.
            new KernelCall(cuda, "rope").Define("RF_T", DType.F32).Define("RF_N", 2)
                .Pointer(Angles).Int(grid.Frames, grid.Height, grid.Width, _time, _plane).Long(grid.StartFrame).Int(direction)
                .Run("rope_forward_angles", KernelPlan.Blocks(entries, KernelPlan.Threads), KernelPlan.Threads);
        }
    }

    /// <summary>Pairs of cosine and sine.</summary>
    public Tensor Angles { get; }

    /// <summary>Rotates all tokens of <c>[B, L, N, D]</c>; with direction -1 back.</summary>
    public static void Rotate(Pass pass, CudaDevice cuda, Tensor x, Tensor y, RopeGrid grid, int direction)
    {
        (int tokens, int headDim) = (x.Shape[1], x.Shape[3]);
        int channels = checked(x.Shape[2] * headDim);
        long rows = (long)x.Shape[0] * tokens;
        if (y.Count > 0)
        {
            RopeTable table = new(pass, cuda, grid, headDim, direction);
            KernelCall call = new KernelCall(cuda, "rope").Define("RF_T", x.DType)
                .Pointer(y).Pointer(x).Pointer(table.Angles).Long(rows).Int(tokens, channels, headDim);
            table.AddSizes(call).RunColumns("rope_forward", rows, channels, KernelPlan.Width(headDim, y, x));
        }
    }

    /// <summary>Adds the sizes of the grid and of its axes to the arguments of a kernel.</summary>
    public KernelCall AddSizes(KernelCall call) => call.Int(_grid.Frames, _grid.Height, _grid.Width, _time, _plane);
}
