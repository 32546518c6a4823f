using Spectre.Console;

namespace RewardForcing.Native.Cli;

/// <summary>The line that moves while a command works, where there is a terminal to move it on.</summary>
internal static class ProgressLine
{
    /// <summary>Runs a command with a line.</summary>
    /// <param name="output">Where results go; a line is shown only if that is the terminal.</param>
    /// <param name="run">The command; given the line, or null where there is none.</param>
    public static Task<T> Run<T>(TextWriter output, Func<ProgressTask?, Task<T>> run)
    {
        bool isTerminal = ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected && !Console.IsErrorRedirected && AnsiConsole.Profile.Capabilities.Ansi;
        if (!isTerminal)
        {
            return run(null);
        }

        ProgressColumn[] columns = [new SpinnerColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 24 }];
        return AnsiConsole.Progress().AutoClear(true).HideCompleted(true).Columns(columns).StartAsync(context => run(context.AddTask("starting")));
    }
}
