using System.CommandLine;

namespace RewardForcing.Native.Cli;

/// <summary>The command <c>rewardforcing</c>: parses, runs a verb, and turns every failure into one sentence and an exit code.</summary>
public static class CommandLine
{
    /// <summary>Runs one command line.</summary>
    /// <param name="arguments">Without the program's name.</param>
    /// <param name="output">Results.</param>
    /// <param name="error">Failures, one sentence each.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output, TextWriter error)
    {
        Option<bool> verbose = new("--verbose") { Description = "Add the stack trace to an error.", Recursive = true };
        RootCommand root = new("Real-time video generation with Reward Forcing and Wan 2.1, without an ML framework.");
        root.Add(verbose);
        root.Add(InspectCommand.Create(output, error));
        root.Add(DoctorCommand.Create(output));

        ParseResult parsed = root.Parse(ArgumentSpelling.Normalize(arguments, OptionNames(root)), new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            string problem = parsed.UnmatchedTokens.Count > 0 ? $"'{parsed.UnmatchedTokens[0]}' is neither a command nor an option here." : parsed.Errors[0].Message;
            error.WriteLine(arguments.Count == 0 ? "A command is missing." : problem);
            error.WriteLine("`rewardforcing --help` lists the commands, `rewardforcing COMMAND --help` its options.");
            return ExitCode.Usage;
        }

        try
        {
            InvocationConfiguration configuration = new() { Output = output, Error = error, EnableDefaultExceptionHandler = false };
            return await parsed.InvokeAsync(configuration);
        }
        catch (OperationCanceledException)
        {
            error.WriteLine("Cancelled; only whole files were left.");
            return ExitCode.Cancelled;
        }
        catch (Exception failure)
        {
            error.WriteLine(parsed.GetValue(verbose) ? failure.ToString() : failure.Message.ReplaceLineEndings(" "));
            return ExitCode.Failure;
        }
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
