namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>Says what a context still holds.</summary>
internal static class LeakReport
{
    /// <summary>One sentence for everything that was not given back.</summary>
    public static IEnumerable<string> Of(SimulatedContext context, HandleTable handles)
    {
        foreach (DeviceBlock block in context.Blocks.Values)
        {
            yield return $"'{block.Allocation.Name}' ({block.Allocation.Bytes:N0} bytes of device memory{(block.Pool is null ? "" : " of a pool")}) was not freed.";
        }

        foreach (ulong bytes in context.HostBlocks.Values)
        {
            yield return $"{bytes:N0} bytes of page-locked host memory were not freed.";
        }

        foreach ((string what, int count) in new[]
        {
            ("stream", handles.All<SimulatedStream>().Count(pair => pair.Value.Context == context)),
            ("event", handles.All<SimulatedEvent>().Count(pair => pair.Value.Context == context)),
            ("module", handles.All<LoadedModule>().Count(pair => pair.Value.Context == context)),
            ("graph", handles.All<RecordedGraph>().Count(pair => pair.Value.Context == context)),
            ("pool", handles.All<SimulatedPool>().Count(pair => pair.Value.Device == context.Device)),
            ("handle of matrix products", handles.All<SimulatedBlas>().Count(pair => pair.Value.Context == context)),
        })
        {
            if (count > 0)
            {
                yield return $"{count} {what}{(count > 1 ? "s were" : " was")} not destroyed.";
            }
        }
    }
}
