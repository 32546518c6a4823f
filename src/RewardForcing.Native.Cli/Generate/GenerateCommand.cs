using System.CommandLine;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Cli;

/// <summary><c>generate</c>: makes videos from prompts.</summary>
public static class GenerateCommand
{
    private const string DebugVariable = "RF_DEBUG";

    /// <summary>Declares the command.</summary>
    /// <param name="output">Where the videos made are listed.</param>
    /// <param name="error">Where it says what the user should know.</param>
    public static Command Create(TextWriter output, TextWriter error)
    {
        GenerateArguments arguments = new();
        Command command = new("generate", "Make videos from prompts.");
        arguments.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            GenerateOptions options = arguments.Read(parsed);
            await GenerateDisplay.Run(output, error, parsed.GetValue<bool>(CommandLine.Verbose), tell => new VideoRun(options, tell, name => Open(name, error)).RunAsync(cancellation));
            return ExitCode.Success;
        });
        return command;
    }

    // To find a kernel that fails.
    private static Device Open(string name, TextWriter error) => Devices.Open(name, debug: Environment.GetEnvironmentVariable(DebugVariable), tell: error.WriteLine);
}
