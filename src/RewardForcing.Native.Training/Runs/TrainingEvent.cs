namespace RewardForcing.Native.Training;

/// <summary>What happens in a training, told while it happens.</summary>
public abstract record TrainingEvent
{
    /// <summary>Something the user should know.</summary>
    /// <param name="Sentence">One sentence.</param>
    public sealed record Notice(string Sentence) : TrainingEvent;

    /// <summary>Something that takes a while begins.</summary>
    /// <param name="Text">What, such as <c>loading the student</c>.</param>
    public sealed record Stage(string Text) : TrainingEvent;

    /// <summary>An optimiser step has been made.</summary>
    /// <param name="Step">Steps made.</param>
    /// <param name="Of">Steps of the run; 0 where it has no end.</param>
    /// <param name="Report">What the logs tell.</param>
    /// <param name="Elapsed">Seconds the step took.</param>
    public sealed record Stepped(long Step, long Of, StepReport Report, double Elapsed) : TrainingEvent;

    /// <summary>A checkpoint has been written.</summary>
    /// <param name="Path">Its folder.</param>
    public sealed record Saved(string Path) : TrainingEvent;

    /// <summary>A sample video has been made.</summary>
    /// <param name="Path">Its contact sheet.</param>
    public sealed record Sampled(string Path) : TrainingEvent;
}
