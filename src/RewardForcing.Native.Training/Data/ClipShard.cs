using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>A safetensors file of rows, opened. Rows are read from its mapping.</summary>
internal sealed class ClipShard : IDisposable
{
    public const string Latents = "latents";
    public const string Videos = "videos";
    public const string PromptsKey = "prompts";

    private readonly TensorEntry _entry;
    private readonly TensorBytes _bytes;

    private ClipShard(TensorArchive archive, TensorEntry entry)
    {
        _entry = entry;
        Kind = KindOf(entry);
        Shape = ShapeOf(entry);
        Count = checked((int)entry.Shape[0]);
        Prompts = ReadPrompts(archive, Count);
        Notes = archive.Metadata.Where(static pair => pair.Key != PromptsKey).ToDictionary(StringComparer.Ordinal);
        _bytes = archive.Map(entry);
    }

    public int Count { get; }

    public ClipKind Kind { get; }

    /// <summary>Shape of a row.</summary>
    public Shape Shape { get; }

    public IReadOnlyList<string> Prompts { get; }

    public IReadOnlyDictionary<string, string> Notes { get; }

    /// <summary>Reads the header and maps the rows.</summary>
    /// <exception cref="ModelFormatException">The file is no shard of clips.</exception>
    public static ClipShard Open(string path)
    {
        using TensorArchive archive = TensorArchive.Open(path);
        bool hasLatents = archive.TryGet(Latents, out TensorEntry? latents), hasVideos = archive.TryGet(Videos, out TensorEntry? videos);
        if (hasLatents == hasVideos)
        {
            string found = hasLatents ? "both" : string.Join(", ", archive.Entries.Take(5).Select(static entry => Printable.Text(entry.Name)));
            throw new ModelFormatException(path, $"must hold a tensor {Latents} or a tensor {Videos}, found {(found.Length > 0 ? found : "none")}; it is no shard of training clips");
        }

        return new ClipShard(archive, latents ?? videos!);
    }

    /// <summary>Reads a row.</summary>
    public float[] Read(int row)
    {
        float[] values = new float[Shape.Count];
        long size = ClipRow.Bytes(_entry.Type, values.Length);
        byte[] bytes = new byte[size];
        _bytes.CopyTo(size * row, bytes);
        ClipRow.Decode(_entry.Type, bytes, values, $"row {row} of {_entry.Name}", _entry.File);
        return values;
    }

    public void Dispose() => _bytes.Dispose();

    private static ClipKind KindOf(TensorEntry entry)
    {
        bool isVideo = entry.Name == Videos;
        bool isType = isVideo ? entry.Type == ElementType.U8 : entry.Type is ElementType.F16 or ElementType.F32;
        if (!isType)
        {
            throw Wrong(entry, $"is stored as {entry.Type.SafetensorsName()}, expected {(isVideo ? "U8" : "F16 or F32")}");
        }

        return (isVideo, entry.Shape.Length) switch
        {
            (true, 5) when entry.Shape[4] == 3 => ClipKind.Videos,
            (false, 5) => ClipKind.Latents,
            (false, 6) => ClipKind.Trajectories,
            _ => throw Wrong(entry, $"is {Printable.Extents(entry.Shape)}, expected {(isVideo ? "[N, F, H, W, 3]" : "[N, F, C, H, W], or [N, K, F, C, H, W] for trajectories")}"),
        };
    }

    private static Shape ShapeOf(TensorEntry entry)
    {
        UInt128 count = 1;
        foreach (long extent in entry.Shape.AsSpan(1))
        {
            count *= (UInt128)extent;
        }

        // A row is one array of floats, and its bytes another.
        if (count == 0 || count > (UInt128)(Array.MaxLength / sizeof(float)) || entry.Shape[0] is 0 or > int.MaxValue)
        {
            throw Wrong(entry, $"is {Printable.Extents(entry.Shape)}, expected at least one row of 1 to {Array.MaxLength / sizeof(float):N0} values");
        }

        return new Shape(Array.ConvertAll(entry.Shape[1..], static extent => (int)extent));
    }

    private static string[] ReadPrompts(TensorArchive archive, int rows)
    {
        if (!archive.Metadata.TryGetValue(PromptsKey, out string? json))
        {
            throw new ModelFormatException(archive.Path, $"has no {PromptsKey} in its metadata, expected a JSON list of {rows} texts; empty ones will do");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            string[] prompts = [.. document.RootElement.EnumerateArray().Select(static item => item.GetString() ?? throw new InvalidOperationException())];
            return prompts.Length == rows ? prompts : throw new ModelFormatException(archive.Path, $"has {prompts.Length} prompts in its metadata, expected {rows}, one for each row");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new ModelFormatException(archive.Path, $"has something else than a JSON list of texts as {PromptsKey} in its metadata: {Printable.Text(json, 60)}", PromptsKey, error);
        }
    }

    private static ModelFormatException Wrong(TensorEntry entry, string sentence) => new(entry.File, $"tensor {entry.Name} {sentence}", entry.Name);
}
