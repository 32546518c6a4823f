using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Norm and rotation of queries or keys in one pass over them.</summary>
public static class RmsNormRope
{
    private const string Op = "rms_norm_rope";

    /// <summary>Computes <c>rope(rms_norm(x))</c>, the norm over all heads of a token; rounded where <see cref="RmsNorm"/> and <see cref="Rope"/> round.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Projected queries or keys, <c>[B, L, N·D]</c>, F32 or BF16.</param>
    /// <param name="weight">Scale of the norm, <c>[N·D]</c>; any float type.</param>
    /// <param name="eps">Added to the mean square.</param>
    /// <param name="heads">N.</param>
    /// <param name="grid">Positions; tokens past <c>grid.Tokens</c> are not rotated.</param>
    /// <param name="target">Where to write, <c>[B, L, N, D]</c> of the type of <paramref name="x"/>, such as a slice of a key cache; null for a new tensor, and where a gradient is needed.</param>
    /// <returns><c>[B, L, N, D]</c>: <paramref name="target"/> if there is one.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    /// <remarks>Spec: models 1.4 (7, 8).</remarks>
    public static Tensor Forward(Pass pass, Tensor x, Tensor weight, float eps, int heads, RopeGrid grid, Tensor? target = null)
    {
        Check.Rank(Op, x, 3, "[B, L, N·D]");
        Check.Activation(Op, x);
        Check.Weight(Op, weight);
        (int batch, int tokens, int channels) = (x.Shape[0], x.Shape[1], x.Shape[2]);
        Check.Shape(Op, weight, new Shape(channels), $"to match the last dimension of x {x.Shape}");
        Check.That(heads > 0 && channels % (2 * heads) == 0, Op, $"the {channels} channels of x {x.Shape} must be {heads} heads of even width.");
        Check.That(grid.Frames >= 0 && grid.Height >= 0 && grid.Width >= 0 && grid.StartFrame >= 0, Op, $"positions must not be negative, got {grid}.");
        long positions = (long)grid.Frames * grid.Height * grid.Width;
        Check.That(positions <= tokens, Op, $"the grid has {positions} positions, but x {x.Shape} has only {tokens} tokens.");
        Shape shape = new(batch, tokens, heads, channels / heads);
        if (target is not null)
        {
            Check.SameType(Op, target, x);
            Check.Shape(Op, target, shape, $"for {heads} heads of x {x.Shape}");
        }

        if (target is not null)
        {
            pass.RequireNoGrad(Op, x, weight, target);
        }

        using Scope scope = pass.BeginScope();
        if (pass.Device is not CudaDevice cuda || pass.Records(x, weight))
        {
            Tensor normed = pass.Reshape(RmsNorm.Forward(pass, x, weight, eps), shape);
            Tensor rotated = Rope.Forward(pass, normed, grid);
            if (target is null)
            {
                return scope.Keep(rotated);
            }

            target.CopyFrom(rotated);
            return target;
        }

        Tensor y = target ?? scope.Keep(pass.New(shape, x.DType));
        if (y.Count > 0)
        {
            ForwardCuda(pass, cuda, x, weight, y, eps, grid);
        }

        return y;
    }

    private static void ForwardCuda(Pass pass, CudaDevice cuda, Tensor x, Tensor weight, Tensor y, float eps, RopeGrid grid)
    {
        (int tokens, int channels, int headDim, long rows) = (x.Shape[1], x.Shape[2], y.Shape[3], x.Shape.Rows);
        RopeTable table = new(pass, cuda, grid, headDim);
        KernelCall call = new KernelCall(cuda, "rms_norm_rope").Define("RF_T", x.DType).Define("RF_W", weight.DType)
            .Pointer(y).Pointer(x).Pointer(weight).Pointer(table.Angles).Long(rows).Int(tokens, channels, headDim);
        table.AddSizes(call).Float(eps).RunRows("rms_norm_rope_forward", rows, channels, KernelPlan.Width(headDim, y, x, weight));
    }
}
