namespace RewardForcing.Native.Cuda.Compilation;

/// <summary>Result of compiling one kernel file.</summary>
/// <param name="Image">What a driver loads.</param>
/// <param name="Log">Warnings, and the assembler's report.</param>
public sealed record CompiledKernels(KernelImage Image, string Log)
{
    /// <summary>What each kernel takes; empty for a <c>compute_</c> target, which is not assembled.</summary>
    public IReadOnlyList<KernelResources> Resources => KernelResources.Parse(Log);
}
