namespace RewardForcing.Native.Generation;

/// <summary>What a run tells while it works.</summary>
public abstract record RunEvent
{
    private RunEvent()
    {
    }

    /// <summary>Something the user should know, one sentence.</summary>
    /// <param name="Sentence">With its stop.</param>
    public sealed record Notice(string Sentence) : RunEvent;

    /// <summary>What the run will take of a device's memory.</summary>
    /// <param name="Plan">The plan; it fits.</param>
    public sealed record Memory(MemoryPlan Plan) : RunEvent;

    /// <summary>The run begins something that takes a while.</summary>
    /// <param name="Text">Such as <c>encoding 3 prompts</c>.</param>
    public sealed record Stage(string Text) : RunEvent;

    /// <summary>A video got further. Comes from the threads that work.</summary>
    /// <param name="Name">The video's name.</param>
    /// <param name="Number">Its number among those to be made, from 1.</param>
    /// <param name="Count">How many are to be made.</param>
    /// <param name="State">How far it is.</param>
    public sealed record Progress(string Name, int Number, int Count, GenerationProgress State) : RunEvent;

    /// <summary>A video is not made, because it exists.</summary>
    /// <param name="Path">The file.</param>
    public sealed record Skipped(string Path) : RunEvent;

    /// <summary>A video is complete under its name.</summary>
    /// <param name="Video">The video.</param>
    public sealed record Written(VideoReport Video) : RunEvent;
}
