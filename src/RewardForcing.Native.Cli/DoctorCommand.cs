using System.CommandLine;
using System.Text;
using System.Text.Json;

namespace RewardForcing.Native.Cli;

/// <summary><c>doctor</c>: what this machine has, where it was looked for, and what to do about what is missing.</summary>
public static class DoctorCommand
{
    private const int NameWidth = 13;

    /// <summary>Declares the command.</summary>
    /// <param name="output">Where the report goes.</param>
    public static Command Create(TextWriter output)
    {
        Option<bool> json = new("--json") { Description = "Print one JSON object instead of text." };
        Command command = new("doctor", "Say what was found on this machine, where it was looked for, and what to do about what is missing.") { json };
        command.SetAction(parsed =>
        {
            IReadOnlyList<Finding> findings = MachineSurvey.Collect();
            output.WriteLine(parsed.GetValue(json) ? Json(findings) : Text(findings));
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>Writes findings for people; of what is missing, the names and the folders it was looked for, once each.</summary>
    /// <param name="findings">In the order they are shown.</param>
    public static string Text(IReadOnlyList<Finding> findings)
    {
        StringBuilder text = new();
        foreach (Finding finding in findings)
        {
            text.Append(finding.Found ? "  " : "- ").Append(finding.Name.PadRight(NameWidth)).AppendLine(finding.Text);
            if (!finding.Found)
            {
                string indent = new(' ', NameWidth + 2);
                if (finding.LookedIn.Count > 0)
                {
                    text.Append(indent).Append("looked for ").AppendJoin(", ", finding.LookedIn.Select(Path.GetFileName).Distinct(StringComparer.Ordinal)).AppendLine();
                    text.Append(indent).Append("in ").AppendJoin(", ", finding.LookedIn.Select(Folder).Distinct(StringComparer.Ordinal)).AppendLine();
                }

                text.Append(indent).AppendLine(finding.Advice);
            }
        }

        return text.ToString().TrimEnd();
    }

    private static string Folder(string place) => Path.GetDirectoryName(place) is { Length: > 0 } folder ? folder : "the loader's own folders";

    /// <summary>Writes findings for programs: <c>{"findings":[{"name","found","text","looked_in","advice"}]}</c>.</summary>
    /// <param name="findings">In the order they are shown.</param>
    public static string Json(IReadOnlyList<Finding> findings)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("findings");
            foreach (Finding finding in findings)
            {
                writer.WriteStartObject();
                writer.WriteString("name", finding.Name);
                writer.WriteBoolean("found", finding.Found);
                writer.WriteString("text", finding.Text);
                writer.WriteStartArray("looked_in");
                foreach (string place in finding.LookedIn)
                {
                    writer.WriteStringValue(place);
                }

                writer.WriteEndArray();
                writer.WriteString("advice", finding.Advice);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
