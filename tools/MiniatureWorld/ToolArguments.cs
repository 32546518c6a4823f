using System.Globalization;

namespace RewardForcing.Native.MiniatureWorld;

/// <summary>The command line: a verb and options with values. What a verb does not ask for is refused.</summary>
internal sealed class ToolArguments
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <summary>Takes the command line apart.</summary>
    /// <param name="args">As given.</param>
    /// <exception cref="ArgumentException">It begins with no verb, or an option lacks its value.</exception>
    public ToolArguments(IReadOnlyList<string> args)
    {
        Verb = args.Count > 0 ? args[0] : throw new ArgumentException("MiniatureWorld: a verb is missing.");
        for (int i = 1; i < args.Count; i += 2)
        {
            string option = args[i];
            if (!option.StartsWith("--", StringComparison.Ordinal) || !_values.TryAdd(option, i + 1 < args.Count ? args[i + 1] : throw new ArgumentException($"{Verb}: {option} needs a value.")))
            {
                throw new ArgumentException($"{Verb}: {option} was not understood, or was given twice.");
            }
        }
    }

    /// <summary>What to do.</summary>
    public string Verb { get; }

    /// <summary>The value of an option, or null.</summary>
    public string? Take(string option) => _values.Remove(option, out string? value) ? value : null;

    /// <summary>The value of an option that has to be there.</summary>
    /// <exception cref="ArgumentException">It is not.</exception>
    public string Need(string option) => Take(option) ?? throw new ArgumentException($"{Verb}: {option} is missing.");

    /// <summary>A whole number.</summary>
    /// <exception cref="ArgumentException">It is none, or too small.</exception>
    public int Whole(string option, int otherwise, int least = 1)
    {
        string? text = Take(option);
        return text is null ? otherwise
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least ? value
            : throw new ArgumentException($"{Verb}: {option} must be a whole number from {least} on, got '{text}'.");
    }

    /// <summary>Which scenes: <c>train</c> or <c>heldout</c>.</summary>
    /// <exception cref="ArgumentException">Neither.</exception>
    public SceneSplit Split() => Take("--split") switch
    {
        null or "train" => SceneSplit.Train,
        "heldout" => SceneSplit.HeldOut,
        string other => throw new ArgumentException($"{Verb}: --split must be train or heldout, got '{other}'."),
    };

    /// <summary>Refuses what nobody asked for.</summary>
    /// <exception cref="ArgumentException">There is something left.</exception>
    public void RequireNothingElse()
    {
        if (_values.Count > 0)
        {
            throw new ArgumentException($"{Verb}: {_values.Keys.First()} was not understood.");
        }
    }
}
