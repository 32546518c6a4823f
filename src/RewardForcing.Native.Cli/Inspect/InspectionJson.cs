using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;

namespace RewardForcing.Native.Cli;

/// <summary>
/// Writes an inspection for programs. One object: <c>path</c>, <c>missing</c> [{<c>part</c>, <c>message</c>}] (what a model folder lacks) and <c>items</c>. Every item has
/// <c>path</c>, <c>part</c> (of a model folder, or null) and <c>kind</c>; by kind, further:
/// <list type="bullet">
/// <item><c>tensors</c>: <c>format</c>, <c>model</c> {<c>kind</c>, <c>layout</c>, <c>description</c>, <c>config</c> or null}, <c>metadata</c>,
/// <c>warnings</c>, <c>tensor_count</c>, <c>element_count</c>, <c>byte_count</c>, <c>types</c> {name: {<c>tensors</c>, <c>elements</c>, <c>bytes</c>}},
/// <c>groups</c> {name: tensors} (the networks of a training checkpoint), <c>files</c> [{<c>path</c>, <c>tensors</c>, <c>bytes</c>}] and <c>tensors</c> [{<c>name</c>, <c>dtype</c>, <c>shape</c>, <c>bytes</c>, <c>file</c>}];</item>
/// <item><c>config</c>: <c>description</c> or null and <c>values</c>, the object itself;</item>
/// <item><c>tokenizer</c>: <c>format</c> and <c>vocabulary_size</c> or null;</item>
/// <item><c>error</c>: <c>message</c>.</item>
/// </list>
/// Names stand as they are in the file; <c>tensors</c> always holds all that match the filter, the counts are of the whole file.
/// </summary>
public static class InspectionJson
{
    /// <summary>Writes the object.</summary>
    /// <param name="inspection">What was found.</param>
    /// <param name="filter">Only tensors whose name contains this are listed; null lists all.</param>
    public static string Write(Inspection inspection, string? filter)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("path", inspection.Path);
            writer.WriteStartArray("missing");
            foreach (MissingPart missing in inspection.Missing)
            {
                writer.WriteStartObject();
                writer.WriteString("part", InspectionText.PartName(missing.Part));
                writer.WriteString("message", missing.Message);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteStartArray("items");
            foreach (InspectedItem item in inspection.Items)
            {
                writer.WriteStartObject();
                writer.WriteString("path", item.Path);
                writer.WriteString("part", item.Part is ModelPart part ? InspectionText.PartName(part) : null);
                Content(writer, item, filter);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void Content(Utf8JsonWriter writer, InspectedItem item, string? filter)
    {
        switch (item)
        {
            case InspectedArchive archive:
                writer.WriteString("kind", "tensors");
                Archive(writer, archive, filter);
                break;
            case InspectedConfig config:
                writer.WriteString("kind", "config");
                writer.WriteString("description", config.Description);
                writer.WritePropertyName("values");
                config.Values.WriteTo(writer);
                break;
            case InspectedTokenizer tokenizer:
                writer.WriteString("kind", "tokenizer");
                writer.WriteString("format", tokenizer.Format);
                if (tokenizer.VocabularySize is int size)
                {
                    writer.WriteNumber("vocabulary_size", size);
                }
                else
                {
                    writer.WriteNull("vocabulary_size");
                }

                break;
            case InspectedFailure failure:
                writer.WriteString("kind", "error");
                writer.WriteString("message", failure.Message);
                break;
        }
    }

    private static void Archive(Utf8JsonWriter writer, InspectedArchive archive, string? filter)
    {
        writer.WriteString("format", archive.Format);
        Model(writer, archive.Model);
        Texts(writer, "metadata", archive.Metadata.OrderBy(static pair => pair.Key, StringComparer.Ordinal));
        Strings(writer, "warnings", archive.Warnings);
        if (archive.HasOddValues is bool hasOddValues)
        {
            writer.WriteBoolean("has_nan_or_infinite_values", hasOddValues);
        }

        writer.WriteNumber("tensor_count", archive.Tensors.Count);
        writer.WriteNumber("element_count", InspectedArchive.Elements(archive.Tensors));
        writer.WriteNumber("byte_count", InspectedArchive.Bytes(archive.Tensors));
        writer.WriteStartObject("types");
        foreach (IGrouping<ElementType, TensorEntry> type in archive.Tensors.GroupBy(static tensor => tensor.Type).OrderBy(static type => type.Key))
        {
            writer.WriteStartObject(type.Key.ToString());
            writer.WriteNumber("tensors", type.Count());
            writer.WriteNumber("elements", InspectedArchive.Elements(type));
            writer.WriteNumber("bytes", InspectedArchive.Bytes(type));
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteStartObject("groups");
        foreach ((string name, int tensors) in archive.Groups)
        {
            writer.WriteNumber(name, tensors);
        }

        writer.WriteEndObject();
        writer.WriteStartArray("files");
        foreach (IGrouping<string, TensorEntry> file in archive.Tensors.GroupBy(static tensor => tensor.File).OrderBy(static file => file.Key, StringComparer.Ordinal))
        {
            writer.WriteStartObject();
            writer.WriteString("path", file.Key);
            writer.WriteNumber("tensors", file.Count());
            writer.WriteNumber("bytes", InspectedArchive.Bytes(file));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("tensors");
        foreach (TensorEntry tensor in archive.Tensors.Where(tensor => filter is null || tensor.Name.Contains(filter, StringComparison.Ordinal)))
        {
            Tensor(writer, tensor);
        }

        writer.WriteEndArray();
    }

    private static void Model(Utf8JsonWriter writer, RecognizedModel model)
    {
        writer.WriteStartObject("model");
        writer.WriteString("kind", JsonNamingPolicy.KebabCaseLower.ConvertName(model.Kind.ToString()));
        writer.WriteString("layout", model.Layout);
        writer.WriteString("description", model.Description);
        if (model.Wan is WanConfig config)
        {
            writer.WriteStartObject("config");
            writer.WriteString("model_type", config.IsImageToVideo ? "i2v" : "t2v");
            writer.WriteNumber("dim", config.Dim);
            writer.WriteNumber("ffn_dim", config.FfnDim);
            writer.WriteNumber("num_layers", config.Layers);
            writer.WriteNumber("in_dim", config.InChannels);
            writer.WriteNumber("out_dim", config.OutChannels);
            writer.WriteNumber("freq_dim", config.FreqDim);
            writer.WriteNumber("text_dim", config.TextDim);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteNull("config");
        }

        writer.WriteEndObject();
    }

    private static void Tensor(Utf8JsonWriter writer, TensorEntry tensor)
    {
        writer.WriteStartObject();
        writer.WriteString("name", tensor.Name);
        writer.WriteString("dtype", tensor.Type.ToString());
        writer.WriteStartArray("shape");
        foreach (long extent in tensor.Shape)
        {
            writer.WriteNumberValue(extent);
        }

        writer.WriteEndArray();
        writer.WriteNumber("bytes", tensor.ByteLength);
        writer.WriteString("file", tensor.File);
        writer.WriteEndObject();
    }

    private static void Texts(Utf8JsonWriter writer, string name, IEnumerable<KeyValuePair<string, string>> values)
    {
        writer.WriteStartObject(name);
        foreach ((string key, string value) in values)
        {
            writer.WriteString(key, value);
        }

        writer.WriteEndObject();
    }

    private static void Strings(Utf8JsonWriter writer, string name, IEnumerable<string> values)
    {
        writer.WriteStartArray(name);
        foreach (string value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }
}
