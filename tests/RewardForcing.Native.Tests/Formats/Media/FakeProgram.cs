namespace RewardForcing.Native.Tests.Formats.Media;

/// <summary>Puts a stand-in for ffmpeg into a folder: a script that starts the test process.</summary>
internal static class FakeProgram
{
    /// <summary>Makes the program.</summary>
    /// <param name="folder">Where to put it.</param>
    /// <param name="behaviour">See the test process.</param>
    /// <param name="encoders">Names of the encoders it has.</param>
    /// <returns>Its path; its arguments will be in <c>arguments.txt</c> beside it.</returns>
    public static string Make(string folder, string behaviour = "copy", string encoders = "libx264,mpeg4")
    {
        string process = Path.Combine(AppContext.BaseDirectory, "RewardForcing.Native.TestProcess.dll");
        string host = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        string command = $"\"{host}\" \"{process}\" ffmpeg \"{Log(folder)}\" \"{encoders}\" \"{behaviour}\"";
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

    public static string[] Arguments(string folder) => File.ReadAllLines(Log(folder));

    private static string Log(string folder) => Path.Combine(folder, "arguments.txt");
}
