namespace RewardForcing.Native.Training;

/// <summary>What a run of <see cref="OdePairs"/> tells of itself.</summary>
public abstract record OdePairEvent
{
    private OdePairEvent()
    {
    }

    /// <summary>What the user should know.</summary>
    /// <param name="Sentence">One sentence.</param>
    public sealed record Notice(string Sentence) : OdePairEvent;

    /// <summary>What takes a while before rows are made.</summary>
    /// <param name="Text">A few words.</param>
    public sealed record Stage(string Text) : OdePairEvent;

    /// <summary>How far the run is.</summary>
    /// <param name="Rows">Rows made or found.</param>
    /// <param name="Count">Rows there will be.</param>
    /// <param name="Step">Solver steps that are done of the rows in work.</param>
    /// <param name="Steps">Solver steps of a row.</param>
    /// <param name="Share">Share of this run's work that is done, 0 to 1.</param>
    /// <param name="Elapsed">Time since the first row of this run was begun.</param>
    public sealed record Progress(int Rows, int Count, int Step, int Steps, double Share, TimeSpan Elapsed) : OdePairEvent;
}
