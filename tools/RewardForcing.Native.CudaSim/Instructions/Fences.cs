using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary><c>fence</c> and <c>membar</c>: order is kept by itself here; checks note what a block has fenced.</summary>
internal static unsafe class Fences
{
    public static void Lower(Lowering l, PtxInstruction i, Modifiers m)
    {
        if (i.Has("proxy") || i.Has("mbarrier_init"))
        {
            throw new UnknownFormException("proxies");
        }

        m.OneOf("sc", "acq_rel", "acquire", "release");
        string scope = m.OneOf("cta", "cluster", "gpu", "sys", "gl") ?? throw new UnknownFormException("its scope is missing");
        if (scope is "gpu" or "sys" or "gl")
        {
            l.Add(&Run);
        }
    }

    private static Operation* Run(Warp w, Operation* o)
    {
        w.Checker?.Fence(w);
        return o + 1;
    }
}
