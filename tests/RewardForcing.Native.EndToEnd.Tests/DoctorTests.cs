using System.Text.Json;
using Xunit;

namespace RewardForcing.Native.EndToEnd.Tests;

public sealed class DoctorTests
{
    private static readonly string[] _expected =
        ["version", "system", "processor", "memory", "CUDA driver", "NVRTC", "cuBLAS", "cuBLASLt", "GPU", "ffmpeg", "cache"];

    [Fact]
    public void Doctor_Text_NamesEveryThingLookedAt()
    {
        CommandResult result = Command.Run("doctor");

        Assert.Equal(0, result.ExitCode);
        Assert.Empty(result.Error);
        Assert.All(_expected, name => Assert.Contains(name, result.Output));
    }

    [Fact]
    public void Doctor_Json_SaysForEverythingMissingWhereItLookedAndWhatToDo()
    {
        CommandResult result = Command.Run("doctor", "--json");

        Assert.Equal(0, result.ExitCode);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        JsonElement[] findings = [.. document.RootElement.GetProperty("findings").EnumerateArray()];
        Assert.Equal(_expected, findings.Select(finding => finding.GetProperty("name").GetString()));
        Assert.All(findings.Where(finding => !finding.GetProperty("found").GetBoolean()), finding =>
        {
            // A GPU is asked for through its driver, not looked for in places.
            Assert.Equal(finding.GetProperty("name").GetString() == "GPU", finding.GetProperty("looked_in").GetArrayLength() == 0);
            Assert.NotEqual(JsonValueKind.Null, finding.GetProperty("advice").ValueKind);
        });
    }

    [Fact]
    public void Doctor_EmptyFolderOnPath_SaysThatFfmpegIsNotThere()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            JsonElement ffmpeg = Find("ffmpeg", "PATH", folder);

            Assert.False(ffmpeg.GetProperty("found").GetBoolean());
            Assert.Equal(folder, Path.GetDirectoryName(ffmpeg.GetProperty("looked_in")[0].GetString()));
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    [Fact]
    public void Doctor_NvrtcNamed_LooksThereFirst()
    {
        string named = Path.Combine(Path.GetTempPath(), "no-such-folder", "libnvrtc.so");

        JsonElement nvrtc = Find("NVRTC", "REWARDFORCING_NVRTC", named);

        Assert.Equal(named, nvrtc.GetProperty("looked_in")[0].GetString());
    }

    private static JsonElement Find(string name, string variable, string value)
    {
        CommandResult result = Command.Run(new Dictionary<string, string> { [variable] = value }, "doctor", "--json");
        Assert.Equal(0, result.ExitCode);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        return document.RootElement.GetProperty("findings").EnumerateArray()
            .Single(finding => finding.GetProperty("name").GetString() == name).Clone();
    }
}
