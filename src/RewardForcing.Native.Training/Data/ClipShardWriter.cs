using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>
/// Writes rows into a folder of safetensors shards, <c>clips-00000.safetensors</c> and so on. Every file is whole or not there; rows that no
/// <see cref="Flush"/> has written yet are lost with the process. A folder that has shards already is continued.
/// </summary>
public sealed class ClipShardWriter : IClipWriter
{
    /// <summary>Bytes a shard has at most if nothing else is said, unless one row has more.</summary>
    public const long ShardBytes = 64 << 20;

    private const int MostRows = 1024;
    private readonly string _folder;
    private readonly ClipKind _kind;
    private readonly ElementType _type;
    private readonly Dictionary<string, string> _notes;
    private readonly List<(string Prompt, byte[] Bytes)> _rows = [];
    private int _shards;

    /// <summary>Starts or continues a folder.</summary>
    /// <param name="folder">Made if it is missing.</param>
    /// <param name="kind">What the rows are.</param>
    /// <param name="clipShape">Shape of every row.</param>
    /// <param name="type">How latents and trajectories are stored, F16 or F32; videos are U8.</param>
    /// <param name="rowsPerShard">Rows of a file, all of which are kept in memory until it is written; 0 for as many as fit in <see cref="ShardBytes"/>.</param>
    /// <param name="notes">Text for every file beside the rows, such as how they were made.</param>
    /// <exception cref="ArgumentException">Kind, shape and type do not fit together.</exception>
    /// <exception cref="ModelFormatException">The folder has rows of another kind, shape or with other notes.</exception>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    public ClipShardWriter(string folder, ClipKind kind, Shape clipShape, ElementType type, int rowsPerShard = 0, IReadOnlyDictionary<string, string>? notes = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentOutOfRangeException.ThrowIfNegative(rowsPerShard);
        bool fits = kind == ClipKind.Videos
            ? type == ElementType.U8 && clipShape.Rank == 4 && clipShape[^1] == 3
            : type is ElementType.F16 or ElementType.F32 && clipShape.Rank == (kind == ClipKind.Latents ? 4 : 5);
        if (!fits || clipShape.Count == 0)
        {
            throw new ArgumentException($"clips: {kind} of {clipShape} in {type.SafetensorsName()} cannot be written; latents are [F, C, H, W], trajectories [K, F, C, H, W], both F16 or F32, videos [F, H, W, 3] in U8.", nameof(clipShape));
        }

        (_folder, _kind, ClipShape, _type) = (folder, kind, clipShape, type);
        _notes = notes?.ToDictionary(StringComparer.Ordinal) ?? [];
        RowsPerShard = rowsPerShard > 0 ? rowsPerShard : (int)Math.Clamp(ShardBytes / ClipRow.Bytes(type, clipShape.Count), 1, MostRows);
        Continue();
    }

    /// <inheritdoc/>
    public Shape ClipShape { get; }

    /// <summary>Rows of a file.</summary>
    public int RowsPerShard { get; }

    /// <inheritdoc/>
    public int Written { get; private set; }

    /// <inheritdoc/>
    public void Append(Clip clip)
    {
        ClipNotes.RefuseOtherShape(clip, ClipShape);
        _rows.Add((clip.Prompt, ClipRow.Encode(_type, clip.Values)));
        if (_rows.Count >= RowsPerShard)
        {
            Flush();
        }
    }

    /// <inheritdoc/>
    public void Flush()
    {
        if (_rows.Count == 0)
        {
            return;
        }

        string name = _kind == ClipKind.Videos ? ClipShard.Videos : ClipShard.Latents;
        long[] shape = [_rows.Count, .. Array.ConvertAll(ClipShape.ToArray(), static extent => (long)extent)];
        WritableTensor tensor = new(name, _type, shape, stream => _rows.ForEach(row => stream.Write(row.Bytes)));
        Dictionary<string, string> metadata = new(_notes, StringComparer.Ordinal) { [ClipShard.PromptsKey] = Prompts() };
        SafetensorsWriter.Write(FileName(_shards), [tensor], metadata);
        Written += _rows.Count;
        _shards++;
        _rows.Clear();
    }

    /// <summary>Forgets the rows that no file holds yet.</summary>
    public void Dispose() => _rows.Clear();

    private string FileName(int shard) => Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"clips-{shard:D5}{ClipStores.ShardExtension}"));

    private void Continue()
    {
        string[] shards = Directory.Exists(_folder) ? ClipStores.Shards(_folder) : [];
        if (shards.Length == 0)
        {
            return;
        }

        // A gap would be filled by later rows, which then stood before earlier ones.
        string? stranger = shards.Select((file, shard) => Path.GetFileName(file) == Path.GetFileName(FileName(shard)) ? null : file).FirstOrDefault(static file => file is not null);
        if (stranger is not null)
        {
            throw new ModelFormatException(stranger, "is not the next of clips-00000.safetensors, clips-00001.safetensors and so on, so the folder cannot be continued; choose another one");
        }

        using IClipStore store = ClipStores.Open(_folder);
        if (store.Kind != _kind)
        {
            throw new ModelFormatException(_folder, $"holds {store.Kind}, expected {_kind} to continue it; choose another folder");
        }

        ClipNotes.RefuseOthers(_folder, (store.ClipShape, store.Notes), (ClipShape, _notes));
        (Written, _shards) = (store.Count, shards.Length);
    }

    private string Prompts()
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartArray();
            _rows.ForEach(row => json.WriteStringValue(row.Prompt));
            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
