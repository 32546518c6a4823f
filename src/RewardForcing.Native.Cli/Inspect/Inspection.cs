using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;

namespace RewardForcing.Native.Cli;

/// <summary>Finds out what a path leads to. Only headers are read, and values where that is asked for.</summary>
public sealed class Inspection
{
    private const string IndexSuffix = ".index.json";
    private const int MaxFolders = 10;
    private static readonly string[] _archives = [".safetensors", ".pt", ".pth", ".ckpt", ".bin"];
    private static readonly string[] _subfolders = ["transformer", "vae", "text_encoder", "image_encoder"];

    private readonly bool _checksValues;
    private readonly CancellationToken _cancellation;

    private Inspection(string path, bool checksValues = false, CancellationToken cancellation = default) => (Path, _checksValues, _cancellation) = (path, checksValues, cancellation);

    /// <summary>What was asked about.</summary>
    public string Path { get; }

    /// <summary>What was found, the parts of a model folder first.</summary>
    public IReadOnlyList<InspectedItem> Items { get; private set; } = [];

    /// <summary>What a model folder lacks; empty for anything else.</summary>
    public IReadOnlyList<MissingPart> Missing { get; private set; } = [];

    /// <summary>Whether a folder was looked at, rather than a file.</summary>
    public bool IsFolder => Directory.Exists(Path);

    /// <summary>Looks at a file or folder.</summary>
    /// <param name="path">Tensors of any known format, an index, a configuration, a tokenizer, or a folder of such files.</param>
    /// <param name="checksValues">Whether all values are read too.</param>
    /// <param name="cancellation">Stops reading values.</param>
    /// <exception cref="ModelFormatException">It is none of these, or it is damaged.</exception>
    public static Inspection Of(string path, bool checksValues = false, CancellationToken cancellation = default)
    {
        Inspection inspection = new(path, checksValues, cancellation);
        if (!inspection.IsFolder)
        {
            inspection.Items = [inspection.Item(null, path)];
            return inspection;
        }

        ModelFolder folder = ModelFolder.Open(path);
        List<InspectedItem> items = [];
        List<string> seen = [];
        List<ModelPart> lacking = [];
        foreach (ModelPart part in Enum.GetValues<ModelPart>())
        {
            if (folder.TryFind(part) is string found)
            {
                string file = Directory.Exists(found) ? TokenizerIn(found) : found;
                seen.Add(file);
                items.Add(inspection.ItemOrFailure(part, file));
            }
            else
            {
                lacking.Add(part);
            }
        }

        bool isModel = items.Any(static item => item.Part is ModelPart.Transformer or ModelPart.TextEncoder or ModelPart.Vae);
        items.AddRange(Others(folder.Path, seen).Select(file => inspection.ItemOrFailure(null, file)));
        inspection.Items = items.Count > 0 ? items : throw new ModelFormatException(path, $"holds no tensors, configuration or tokenizer that this program knows{Below(path)}");
        inspection.Missing = isModel ? [.. lacking.Where(part => NeedsImage(items) || part != ModelPart.ClipVision).Select(part => new MissingPart(part, Lack(folder, part, items)))] : [];
        return inspection;
    }

    /// <summary>What there is to say about a path that leads to nothing known.</summary>
    /// <param name="path">As it was asked about.</param>
    /// <param name="message">Why, one sentence.</param>
    public static Inspection Failed(string path, string message) => new(path) { Items = [new InspectedFailure(null, path, message)] };

    private InspectedItem ItemOrFailure(ModelPart? part, string path)
    {
        try
        {
            return Item(part, path);
        }
        catch (Exception error) when (error is ModelFormatException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return new InspectedFailure(part, path, error.Message.ReplaceLineEndings(" "));
        }
    }

    private InspectedItem Item(ModelPart? part, string path)
    {
        string name = System.IO.Path.GetFileName(path);
        if (name is "tokenizer.json" || name.EndsWith(".model", StringComparison.Ordinal))
        {
            return Tokenizer(part, path);
        }

        return name.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && !name.EndsWith(IndexSuffix, StringComparison.OrdinalIgnoreCase) ? Config(part, path) : Archive(part, path);
    }

    private InspectedArchive Archive(ModelPart? part, string path)
    {
        using TensorArchive archive = TensorArchive.Open(path);
        string[] odd = _checksValues ? [.. OddValues(archive)] : [];
        return new InspectedArchive(
            part, path, archive.Format, ModelRecognizer.Recognize(archive), archive.Metadata, [.. archive.Warnings, .. odd], [.. archive.Entries], _checksValues ? odd.Length > 0 : null);
    }

    private IEnumerable<string> OddValues(TensorArchive archive)
    {
        foreach (TensorEntry entry in archive.Entries)
        {
            (long nan, long infinite) = ValueScan.Count(archive, entry, _cancellation);
            if (nan + infinite > 0)
            {
                yield return $"of the {InspectionText.Number(InspectedArchive.Elements([entry]))} values of {entry.Name}, {InspectionText.Number(nan)} are NaN and {InspectionText.Number(infinite)} infinite";
            }
        }
    }

    private static InspectedTokenizer Tokenizer(ModelPart? part, string path)
    {
        string format = path.EndsWith(".json", StringComparison.Ordinal) ? "tokenizer.json" : "SentencePiece model";
        return new InspectedTokenizer(part, path, format, UnigramTokenizer.Open(path).VocabularySize);
    }

    private static InspectedConfig Config(ModelPart? part, string path)
    {
        JsonPart json = JsonPart.ReadFile(path);
        try
        {
            // Half a surrogate pair passes the parser, but cannot be shown.
            using Utf8JsonWriter check = new(Stream.Null);
            json.Value.WriteTo(check);
        }
        catch (InvalidOperationException error)
        {
            throw new ModelFormatException(path, "contains half a surrogate pair, which no text may", null, error);
        }

        return new InspectedConfig(part, path, Describe(json), json.Value);
    }

    // A transformer's sizes; a configuration with impossible ones fails, as it would when it is loaded.
    private static string? Describe(JsonPart json)
    {
        string? name = json.TryGet("_class_name", out JsonPart type) && type.IsText ? type.Text() : null;
        if (name is not ("WanModel" or "WanTransformer3DModel" or "CausalWanModel"))
        {
            return null;
        }

        WanConfig config = WanConfig.FromJson(json);
        string kind = config.IsImageToVideo ? "image-to-video" : "text-to-video";
        return $"a Wan transformer ({kind}, width {config.Dim}, feed-forward {config.FfnDim}, {config.Layers} layers of {config.Heads} heads, {config.InChannels} input channels)";
    }

    private static string Lack(ModelFolder folder, ModelPart part, List<InspectedItem> items)
    {
        InspectedArchive? generator = items.OfType<InspectedArchive>().FirstOrDefault(static item => item.Model.Kind == ModelKind.GeneratorCheckpoint);
        string instead = part == ModelPart.Transformer && generator is not null ? $" {generator.Path} can take its place (--checkpoint_path)." : string.Empty;
        try
        {
            return folder.Find(part);
        }
        catch (FileNotFoundException error)
        {
            return (error.Message.StartsWith(folder.Path + ": ", StringComparison.Ordinal) ? error.Message[(folder.Path.Length + 2)..] : error.Message) + instead;
        }
    }

    private static string Below(string path)
    {
        string[] folders = [.. Directory.EnumerateDirectories(path).Select(static folder => Printable.Text(System.IO.Path.GetFileName(folder))).Where(static name => !name.StartsWith('.')).Order(StringComparer.Ordinal).Take(MaxFolders + 1)];
        return folders.Length == 0 ? string.Empty : $"; look into one of its folders: {string.Join(", ", folders.Take(MaxFolders))}{(folders.Length > MaxFolders ? ", ..." : string.Empty)}";
    }

    private static bool NeedsImage(List<InspectedItem> items) => items.OfType<InspectedArchive>().Any(static item => item.Model.Wan is { IsImageToVideo: true });

    private static string TokenizerIn(string folder)
    {
        string json = System.IO.Path.Combine(folder, "tokenizer.json");
        return File.Exists(json) ? json : System.IO.Path.Combine(folder, "spiece.model");
    }

    // Files in the folder and in those of the diffusers layout, without shards: their index stands for them.
    private static IEnumerable<string> Others(string folder, List<string> seen)
    {
        foreach (string place in _subfolders.Select(name => System.IO.Path.Combine(folder, name)).Where(Directory.Exists).Prepend(folder))
        {
            string[] files = [.. Directory.GetFiles(place).Order(StringComparer.Ordinal)];
            string[] stems = [.. files.Where(static file => file.EndsWith(IndexSuffix, StringComparison.OrdinalIgnoreCase))
                .Select(static file => System.IO.Path.GetFileNameWithoutExtension(file[..^IndexSuffix.Length]))];
            foreach (string file in files.Where(file => !seen.Contains(file, StringComparer.Ordinal)))
            {
                string name = System.IO.Path.GetFileName(file);
                bool isArchive = _archives.Contains(System.IO.Path.GetExtension(file), StringComparer.OrdinalIgnoreCase) && !stems.Any(stem => name.StartsWith(stem + "-", StringComparison.Ordinal));
                bool isOther = name is "config.json" or "model_index.json" or "tokenizer.json" or "spiece.model" || name.EndsWith(IndexSuffix, StringComparison.OrdinalIgnoreCase);
                if (isArchive || isOther)
                {
                    yield return file;
                }
            }
        }
    }
}
