using System.CommandLine;
using System.CommandLine.Parsing;
using RewardForcing.Native.Models;

namespace RewardForcing.Native.Cli;

/// <summary>The command <c>rewardforcing</c>: parses, runs a verb, and turns every failure into one sentence and an exit code.</summary>
public static class CommandLine
{
    /// <summary>Name of the option for more than one sentence.</summary>
    internal const string Verbose = "--verbose";

    // A run stops between two layers, which may take seconds, and then removes what is not complete.
    private static readonly TimeSpan _stopLimit = TimeSpan.FromMinutes(1);

    /// <summary>Runs one command line.</summary>
    /// <param name="arguments">Without the program's name.</param>
    /// <param name="output">Results.</param>
    /// <param name="error">Failures, one sentence each.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output, TextWriter error)
    {
        Option<bool> verbose = new(Verbose) { Description = "Add the stack trace to an error, and what a run takes of a GPU's memory.", Recursive = true };
        RootCommand root = new("Real-time video generation with Reward Forcing and Wan 2.1, without an ML framework.");
        root.Add(verbose);
        root.Add(GenerateCommand.Create(output, error));
        root.Add(TrainCommand.Create(output, error));
        root.Add(OdePairsCommand.Create(output, error));
        root.Add(InspectCommand.Create(output, error));
        root.Add(DoctorCommand.Create(output));

        ParseResult parsed = root.Parse(ArgumentSpelling.Normalize(arguments, OptionNames(root)), new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            string problem = parsed.UnmatchedTokens.Count > 0 ? $"'{parsed.UnmatchedTokens[0]}' is neither a command nor an option here." : Sentence(parsed.Errors[0]);
            error.WriteLine(arguments.Count == 0 ? "A command is missing." : problem);
            error.WriteLine("`rewardforcing --help` lists the commands, `rewardforcing COMMAND --help` its options.");
            return ExitCode.Usage;
        }

        try
        {
            InvocationConfiguration configuration = new() { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = _stopLimit };
            return await parsed.InvokeAsync(configuration);
        }
        catch (OperationCanceledException)
        {
            error.WriteLine("Cancelled; only whole files were left.");
            return ExitCode.Cancelled;
        }
        catch (Exception failure)
        {
            error.WriteLine(parsed.GetValue(verbose) ? failure.ToString() : Sentence(failure));
            return ExitCode.Failure;
        }
    }

    private static string Sentence(Exception failure)
    {
        // The runtime adds the name of a parameter, which says nothing to a user.
        string message = failure is ArgumentException { ParamName: { } name } ? failure.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : failure.Message;

        // Of files that do not fit, the sentence is followed by the complete list of what does not.
        return failure is WeightMismatchException ? message : message.ReplaceLineEndings(" ");
    }

    // The parser names types of .NET where a value is none of the kind.
    private static string Sentence(ParseError error)
    {
        if (error.SymbolResult is OptionResult { Option: { } option, Tokens: [Token value, ..] } && error.Message.Contains("as expected type", StringComparison.Ordinal))
        {
            Type type = Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;
            string expected = type == typeof(bool) ? "true or false" : type == typeof(float) || type == typeof(double) ? "a number" : type == typeof(ulong) ? "a whole number from 0 on" : "a whole number";
            return $"{option.Name} must be {expected}, got {value.Value}.";
        }

        return error.SymbolResult is OptionResult { IdentifierTokenCount: > 1, Option.Arity.MaximumNumberOfValues: <= 1 } repeated
            ? $"{repeated.Option.Name} is given {repeated.IdentifierTokenCount} times; give it once." : error.Message.ReplaceLineEndings(" ");
    }

    private static HashSet<string> OptionNames(Command command)
    {
        HashSet<string> names = new(command.Options.SelectMany(static option => option.Aliases.Prepend(option.Name)), StringComparer.Ordinal);
        foreach (Command child in command.Subcommands)
        {
            names.UnionWith(OptionNames(child));
        }

        return names;
    }
}
