namespace RewardForcing.Native.Testing.Files;

/// <summary>Puts a stand-in for ffmpeg into a folder: a script that starts <c>RewardForcing.Native.TestProcess</c>, which the test project has to reference.</summary>
public static class FakeProgram
{
    /// <summary>The program <c>dotnet</c>: the one that runs this, or the one on <c>PATH</c>.</summary>
    public static string Host => Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";

    /// <summary>Makes the program.</summary>
    /// <param name="folder">Where to put it.</param>
    /// <param name="behaviour"><c>copy</c> stores the raw frames as they are; others are listed with the process.</param>
    /// <param name="encoders">Names of the encoders it has.</param>
    /// <returns>Its path; its arguments will be in <c>arguments.txt</c> beside it.</returns>
    public static string Make(string folder, string behaviour = "copy", string encoders = "libx264,mpeg4")
    {
        string process = Path.Combine(AppContext.BaseDirectory, "RewardForcing.Native.TestProcess.dll");
        string command = $"\"{Host}\" \"{process}\" ffmpeg \"{Log(folder)}\" \"{encoders}\" \"{behaviour}\"";
        Directory.CreateDirectory(folder);
        if (OperatingSystem.IsWindows())
        {
            string batch = Path.Combine(folder, "ffmpeg.cmd");
            File.WriteAllText(batch, $"@{command} %*\r\n");
            return batch;
        }

        string script = Path.Combine(folder, "ffmpeg");
        File.WriteAllText(script, $"#!/bin/sh\nexec {command} \"$@\"\n");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return script;
    }

    /// <summary>The arguments of its last call that was not a question.</summary>
    /// <param name="folder">Where the program was put.</param>
    public static string[] Arguments(string folder) => File.ReadAllLines(Log(folder));

    private static string Log(string folder) => Path.Combine(folder, "arguments.txt");
}
