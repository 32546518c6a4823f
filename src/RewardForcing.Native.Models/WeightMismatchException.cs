namespace RewardForcing.Native.Models;

/// <summary>A file does not hold the weights a network declares. The message is complete, with the layers of a name folded into one line.</summary>
public sealed class WeightMismatchException : Exception
{
    internal WeightMismatchException(string message, IReadOnlyList<string> missing, IReadOnlyList<string> extra, IReadOnlyList<string> misshaped)
        : base(message)
    {
        Missing = missing;
        Extra = extra;
        Misshaped = misshaped;
    }

    /// <summary>Declared keys the file lacks, one by one.</summary>
    public IReadOnlyList<string> Missing { get; }

    /// <summary>Entries of the file the network has no use for, one by one, under the names of the original layout where they have one.</summary>
    public IReadOnlyList<string> Extra { get; }

    /// <summary>Keys whose shapes differ, one by one, each with both shapes.</summary>
    public IReadOnlyList<string> Misshaped { get; }
}
