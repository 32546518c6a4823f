using System.Diagnostics;

namespace RewardForcing.Native.EndToEnd.Tests;

/// <summary>Runs the built program as a user would: a process with its own streams.</summary>
public static class Command
{
    private const string Status = "/proc/self/status";
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(5);

    public static CommandResult Run(params string[] arguments) => Run(new Dictionary<string, string>(), arguments);

    public static CommandResult Run(IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        RunProgram("rewardforcing", environment, arguments);

    /// <summary>Runs a program that was built beside the tests.</summary>
    public static CommandResult RunProgram(string program, IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        Finish(Start(program, environment, arguments));

    /// <summary>Starts a program without waiting for its end.</summary>
    public static Process Start(string program, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        string dotnet = Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet";

        // Whoever starts the tests in the background makes them ignore interrupts, and programs inherit that.
        ProcessStartInfo start = IgnoresInterrupts() ? new("env", ["--default-signal=INT", dotnet]) : new(dotnet);
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, program + ".dll"));
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach ((string variable, string value) in environment)
        {
            start.Environment[variable] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>Waits for the end of a program.</summary>
    public static CommandResult Finish(Process process)
    {
        using Process ending = process;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(_limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{string.Join(' ', process.StartInfo.ArgumentList)} ran longer than {_limit.TotalSeconds} s.");
        }

        return new CommandResult(process.ExitCode, output.Result, error.Result);
    }

    private static bool IgnoresInterrupts()
    {
        const long Interrupt = 1 << 1;
        return File.Exists(Status)
            && File.ReadLines(Status).FirstOrDefault(static line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) is { } ignored
            && (Convert.ToInt64(ignored.Split(':')[1].Trim(), 16) & Interrupt) != 0;
    }
}
