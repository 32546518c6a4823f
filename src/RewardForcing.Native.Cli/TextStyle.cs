using Spectre.Console;

namespace RewardForcing.Native.Cli;

/// <summary>Sets words off where the output is a terminal that can; elsewhere the text stays plain.</summary>
/// <param name="IsEnabled">Whether escape sequences are written.</param>
public readonly record struct TextStyle(bool IsEnabled)
{
    /// <summary>The style for an output: plain unless it is the terminal, and where <c>NO_COLOR</c> is set.</summary>
    /// <param name="output">Where the text goes.</param>
    public static TextStyle For(TextWriter output)
    {
        bool isTerminal = ReferenceEquals(output, Console.Out) && AnsiConsole.Profile.Out.IsTerminal && AnsiConsole.Profile.Capabilities.Ansi;
        return new TextStyle(isTerminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")));
    }

    /// <summary>Bold.</summary>
    /// <param name="text">What is set off.</param>
    public string Strong(string text) => IsEnabled ? $"\e[1m{text}\e[0m" : text;

    /// <summary>Faint.</summary>
    /// <param name="text">What is set off.</param>
    public string Faint(string text) => IsEnabled ? $"\e[2m{text}\e[0m" : text;
}
