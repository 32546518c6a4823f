using RewardForcing.Native.CudaSim;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.KernelLab;

/// <summary>What a block of a tiled kernel costs on an H100: counted at two depths, a line through both.</summary>
/// <remarks>
/// The part that grows with the depth is bound by one resource, what comes before and after by another; the two do not overlap, because a block
/// has a multiprocessor to itself or its neighbours are as far as it is.
/// </remarks>
internal sealed class BlockCost
{
    private readonly double _step;
    private readonly double _rest;

    private BlockCost(double step, double rest, string bound) => (_step, _rest, Bound) = (step, rest, bound);

    /// <summary>What bounds the part that grows with the depth.</summary>
    public string Bound { get; }

    /// <summary>Cycles of a block.</summary>
    /// <param name="depth">What is summed over, or keys.</param>
    public double Cycles(double depth) => (_step * depth) + _rest;

    /// <summary>Counts a kernel.</summary>
    /// <param name="workload">The call at a depth.</param>
    /// <param name="shallow">A depth.</param>
    /// <param name="deep">A larger one.</param>
    /// <param name="blocks">Blocks of the call.</param>
    public static BlockCost Of(Func<int, LabWorkload> workload, int shallow, int deep, int blocks = 1)
    {
        IReadOnlyDictionary<string, double> few = Count(workload(shallow)), many = Count(workload(deep));
        Dictionary<string, double> steps = many.Keys.Where(static part => part != Roofline.Memory).ToDictionary(static part => part, part => (many[part] - few[part]) / (deep - shallow) / blocks);
        double rest = steps.Max(step => (few[step.Key] / blocks) - (step.Value * shallow));
        (string bound, double most) = steps.MaxBy(static step => step.Value);
        return new BlockCost(most, Math.Max(rest, 0), bound);
    }

    private static IReadOnlyDictionary<string, double> Count(LabWorkload workload) => LabRun.Of(workload, DType.BF16, DeviceProfile.H100).Roofline.Cycles;
}
