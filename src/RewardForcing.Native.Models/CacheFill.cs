namespace RewardForcing.Native.Models;

/// <summary>How far the caches of a generation are filled.</summary>
/// <param name="GlobalEndFrame">Frames seen so far.</param>
/// <param name="LocalEndFrame">Frames of the caches that are filled.</param>
/// <param name="ShadowIsValid">Whether the float copy of the sink stands for what the caches hold.</param>
internal readonly record struct CacheFill(long GlobalEndFrame, int LocalEndFrame, bool ShadowIsValid)
{
    /// <summary>The counters after a pass that all layers have done.</summary>
    public CacheFill After(CachePlan plan)
    {
        bool sinkWritten = plan.WriteFrom + plan.WriteSkip < plan.Sink || plan.Change == CachePlan.SinkChange.Overwrite;
        return new CacheFill(plan.GlobalEnd, plan.LocalEnd, !sinkWritten && (ShadowIsValid || plan.Change == CachePlan.SinkChange.Average));
    }

    /// <summary>Plans a pass over frames.</summary>
    public CachePlan Plan(CachePolicy policy, int capacityFrames, long startFrame, int frames) =>
        CachePlan.For(policy, capacityFrames, GlobalEndFrame, LocalEndFrame, startFrame, frames);
}
