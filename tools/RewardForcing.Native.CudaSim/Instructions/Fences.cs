using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary><c>fence</c> and <c>membar</c>: order is kept by itself here; checks note what a block has fenced, and what a warp has between proxies.</summary>
internal static unsafe class Fences
{
    public static void Lower(Lowering l, PtxInstruction i, Modifiers m)
    {
        if (m.Take("proxy"))
        {
            LowerProxy(l, m);
            return;
        }

        if (m.Take("mbarrier_init"))
        {
            m.Take("release");
            m.Take("cluster");
            l.Add(&Publish);
            return;
        }

        m.OneOf("sc", "acq_rel", "acquire", "release");
        string scope = m.OneOf("cta", "cluster", "gpu", "sys", "gl") ?? throw new UnknownFormException("its scope is missing");
        if (scope is "gpu" or "sys" or "gl")
        {
            l.Add(&Run);
        }
    }

    private static void LowerProxy(Lowering l, Modifiers m)
    {
        string proxy = m.OneOf("async", "alias", "tensormap::generic") ?? throw new UnknownFormException("its proxy is missing");
        if (proxy != "async")
        {
            throw new UnknownFormException($"proxy {proxy}");
        }

        m.OneOf("global", "shared::cta", "shared::cluster");
        l.Add(&Cross);
    }

    private static Operation* Cross(Warp w, Operation* o)
    {
        w.Block.Shadow?.Fence(w);
        return o + 1;
    }

    private static Operation* Publish(Warp w, Operation* o)
    {
        foreach (BarrierOrder barrier in w.Block.BarrierOrders.Values)
        {
            barrier.IsPublished |= barrier.Maker == w.Index;
        }

        return o + 1;
    }

    private static Operation* Run(Warp w, Operation* o)
    {
        w.Checker?.Fence(w);
        return o + 1;
    }
}
