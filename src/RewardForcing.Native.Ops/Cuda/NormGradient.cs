using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Gradients of a norm of rows and of the factors after it, on a CUDA device. Twin of <c>kernels/common/norm_gradient.cuh</c>.</summary>
/// <param name="Back">Owns what the launches need meanwhile.</param>
/// <param name="Cuda">Its device.</param>
/// <param name="Dy">Gradient of the result.</param>
/// <param name="X">What was normalised, <c>[groups · rows, C]</c> of the type of <paramref name="Dy"/>.</param>
/// <param name="Factor">Factor of each column and group, or null.</param>
/// <param name="Groups">Groups of consecutive rows with factors and sums of their own.</param>
/// <param name="Eps">Of the norm.</param>
internal readonly record struct NormGradient(Pass Back, CudaDevice Cuda, Tensor Dy, Tensor X, Tensor? Factor, long Groups, float Eps)
{
    // Sums that are added up one after the other, and the fewest times the threads of a block go over a row before they hand theirs on.
    private const long MostParts = 1024;
    private const int FewestSteps = 16;

    /// <summary>Launches.</summary>
    /// <param name="stem">The kernel file.</param>
    /// <param name="entry">The kernel.</param>
    /// <param name="define">Sets the macros of the file besides those of rows.</param>
    /// <param name="dx">Receives the gradient of what was normalised; null where it is not wanted.</param>
    /// <param name="targets">
    /// Receive, <c>[groups, C]</c> each, the sums over rows of dy times the normalised row and, where the kernel makes two, of dy; null for sums nobody wants.
    /// </param>
    public void Run(string stem, string entry, Func<KernelCall, KernelCall> define, Tensor? dx, params ReadOnlySpan<Tensor?> targets)
    {
        bool sums = false;
        foreach (Tensor? target in targets)
        {
            sums |= target is not null;
            if (X.Count == 0)
            {
                target?.Clear();
            }
        }

        if (X.Count == 0 || !(sums || dx is not null))
        {
            return;
        }

        using Scope scope = Back.BeginScope();
        (int channels, long rows) = (X.Shape[^1], X.Shape.Rows / Groups);
        RowBlock block = RowBlock.For(channels, KernelPlan.Width(channels, dx, X, Dy, Factor));
        long parts = Math.Clamp(MostParts / Groups, 1, (rows + (FewestSteps * block.Rows) - 1) / (FewestSteps * block.Rows));
        long each = (((rows + parts - 1) / parts) + block.Rows - 1) / block.Rows * block.Rows;
        parts = KernelPlan.Blocks(rows, each);
        int blocks = checked((int)(Groups * parts));
        Tensor? partial = sums ? Back.New(new Shape(targets.Length, blocks, channels)) : null;
        block.Define(define(new KernelCall(Cuda, stem))).Pointer(dx).Pointer(partial).Pointer(Dy).Pointer(X).Pointer(Factor).Long(rows).Long(each).Int((int)parts, channels).Float(Eps)
            .Run(entry, new CudaExtent(blocks), block.Threads, sums ? targets.Length * block.Rows * channels * sizeof(float) : 0);
        for (int target = 0; target < targets.Length; target++)
        {
            if (targets[target] is { } wanted)
            {
                ColumnSums.Total(Cuda, Groups, (int)parts, channels, Back.Entry(partial!, target), wanted);
            }
        }
    }
}
