namespace RewardForcing.Native.KernelLab;

/// <summary>The command line: a verb, what it is about, and options. What a command does not ask for is refused.</summary>
internal sealed class LabArguments
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly HashSet<string> _switches = new(StringComparer.Ordinal);
    private readonly Queue<string> _words = new();

    /// <summary>Takes the command line apart.</summary>
    /// <param name="args">As given.</param>
    /// <exception cref="ArgumentException">An option lacks its value.</exception>
    public LabArguments(IReadOnlyList<string> args)
    {
        for (int i = 0; i < args.Count; i++)
        {
            string argument = args[i];
            if (!argument.StartsWith("--", StringComparison.Ordinal))
            {
                _words.Enqueue(argument);
            }
            else if (argument is "--json" or "--lines" or "--make" or "--record" or "--forms" or "--assemble")
            {
                _switches.Add(argument);
            }
            else
            {
                _values[argument] = i + 1 < args.Count ? args[++i] : throw new ArgumentException($"KernelLab: {argument} needs a value.");
            }
        }

        Verb = _words.TryDequeue(out string? verb) ? verb : "table";
    }

    /// <summary>The first word; <c>table</c> where there is none.</summary>
    public string Verb { get; }

    /// <summary>Folder of the kernels.</summary>
    public string Folder => Take("--kernels") ?? "kernels";

    /// <summary>The next word, or null.</summary>
    public string? Word() => _words.TryDequeue(out string? word) ? word : null;

    /// <summary>The value of an option, or null.</summary>
    public string? Take(string option) => _values.Remove(option, out string? value) ? value : null;

    /// <summary>Whether a switch was given.</summary>
    public bool Has(string name) => _switches.Remove(name);

    /// <summary>Refuses what nobody asked for.</summary>
    /// <exception cref="ArgumentException">There is something left.</exception>
    public void RequireNothingElse()
    {
        if (_words.Concat(_values.Keys).Concat(_switches).FirstOrDefault() is string other)
        {
            throw new ArgumentException($"KernelLab {Verb}: {other} was not understood.");
        }
    }
}
