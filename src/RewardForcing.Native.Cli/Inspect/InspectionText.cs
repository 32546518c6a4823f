using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;

namespace RewardForcing.Native.Cli;

/// <summary>Writes an inspection for people: a section for each thing found, its tensors as a table.</summary>
public static class InspectionText
{
    private const int LabelWidth = 11;
    private const int MaxNameWidth = 72;
    private const int MaxMetadata = 20;
    private const int MaxGroups = 10;

    /// <summary>Writes the text.</summary>
    /// <param name="inspection">What was found.</param>
    /// <param name="limit">Tensors listed for each file; null lists what its layers share in one line.</param>
    /// <param name="filter">Only tensors whose name contains this; null for any.</param>
    /// <param name="style">How it is set off.</param>
    public static string Write(Inspection inspection, int? limit, string? filter, TextStyle style)
    {
        StringBuilder text = new();
        foreach (InspectedItem item in inspection.Items)
        {
            if (text.Length > 0)
            {
                text.AppendLine();
            }

            string name = Printable.Text(item.Path, int.MaxValue);
            text.AppendLine(item.Part is ModelPart part ? $"{style.Strong(PartName(part))}  {name}" : style.Strong(name));
            foreach ((string label, string value) in Lines(item))
            {
                text.Append("  ").Append(style.Faint(label.PadRight(LabelWidth))).AppendLine(value);
            }

            if (item is InspectedArchive archive)
            {
                TensorTable.Write(text, archive, limit, filter, style);
            }
        }

        foreach (MissingPart missing in inspection.Missing)
        {
            text.AppendLine().AppendLine(style.Strong(PartName(missing.Part)));
            text.Append("  ").Append(style.Faint("missing".PadRight(LabelWidth))).AppendLine(missing.Message);
        }

        return text.ToString().TrimEnd();
    }

    /// <summary>What a part is called in the output.</summary>
    /// <param name="part">The part.</param>
    public static string PartName(ModelPart part) => part switch
    {
        ModelPart.TransformerConfig => "transformer-config",
        ModelPart.Transformer => "transformer",
        ModelPart.Vae => "vae",
        ModelPart.TextEncoder => "text-encoder",
        ModelPart.Tokenizer => "tokenizer",
        _ => "clip-vision",
    };

    private static IEnumerable<(string Label, string Value)> Lines(InspectedItem item) => item switch
    {
        InspectedArchive archive => ArchiveLines(archive),
        InspectedConfig config => ConfigLines(config),
        InspectedTokenizer tokenizer => [("format", tokenizer.Format), .. tokenizer.VocabularySize is int size ? new[] { ("vocabulary", $"{Number(size)} pieces") } : []],
        InspectedFailure failure => [("error", Printable.Text(WithoutPath(failure.Message, failure.Path), int.MaxValue))],
        _ => [],
    };

    private static IEnumerable<(string Label, string Value)> ConfigLines(InspectedConfig config)
    {
        if (config.Description is not null)
        {
            yield return ("model", config.Description);
        }

        (string Name, string Value)[] values = [.. config.Values.EnumerateObject().Select(static pair => (Printable.Text(pair.Name), Shown(pair.Value)))];
        int width = values.Length == 0 ? 0 : Math.Min(MaxNameWidth, values.Max(static pair => pair.Name.Length));
        string label = "values";
        foreach ((string name, string value) in values)
        {
            yield return (label, $"{name.PadRight(width)}  {value}");
            label = string.Empty;
        }
    }

    // In one line, however the file is laid out.
    private static string Shown(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            return Printable.Text(value.GetString()!);
        }

        using MemoryStream buffer = new();
        using (Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            value.WriteTo(writer);
        }

        return Printable.Text(Encoding.UTF8.GetString(buffer.ToArray()));
    }

    private static IEnumerable<(string Label, string Value)> ArchiveLines(InspectedArchive archive)
    {
        yield return ("model", Printable.Text(archive.Model.Description, int.MaxValue));
        int files = archive.Tensors.Select(static tensor => tensor.File).Distinct(StringComparer.Ordinal).Count();
        yield return ("format", archive.Format + (files > 1 ? $", {files} files" : string.Empty));
        IEnumerable<string> types = archive.Tensors.GroupBy(static tensor => tensor.Type).OrderBy(static type => type.Key)
            .Select(static type => $"{type.Key} {Number(InspectedArchive.Elements(type))}");
        yield return ("tensors", $"{Number(archive.Tensors.Count)}, elements by type: {string.Join(", ", types)}");
        if (archive.Groups.Count > 0)
        {
            IEnumerable<string> groups = archive.Groups.Take(MaxGroups).Select(static group => $"{Printable.Text(group.Name)} {Number(group.Tensors)}");
            yield return ("groups", string.Join(", ", groups) + (archive.Groups.Count > MaxGroups ? ", ..." : string.Empty));
        }

        yield return ("size", Size(InspectedArchive.Bytes(archive.Tensors)));
        if (archive.HasOddValues is bool hasOddValues)
        {
            yield return ("values", hasOddValues ? "some are NaN or infinite, see the warnings" : "all are finite numbers");
        }

        string label = "metadata";
        foreach ((string key, string value) in archive.Metadata.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Take(MaxMetadata))
        {
            yield return (label, $"{Printable.Text(key)} = {Printable.Text(value)}");
            label = string.Empty;
        }

        if (archive.Metadata.Count > MaxMetadata)
        {
            yield return (label, $"and {archive.Metadata.Count - MaxMetadata} more (--json has them all)");
        }

        foreach (string warning in archive.Warnings)
        {
            yield return ("warning", Printable.Text(WithoutPath(warning, archive.Path), int.MaxValue));
        }
    }

    // The path stands above already.
    private static string WithoutPath(string message, string path) => message.StartsWith(path + ": ", StringComparison.Ordinal) ? message[(path.Length + 2)..] : message;

    internal static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Size(long bytes)
    {
        string[] units = ["KiB", "MiB", "GiB", "TiB"];
        double value = bytes;
        int unit = -1;
        while (value >= 1024 && unit < units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return unit < 0 ? $"{Number(bytes)} bytes" : string.Create(CultureInfo.InvariantCulture, $"{value:F2} {units[unit]} ({Number(bytes)} bytes)");
    }
}
