using System.Text.Json;
using System.Text.Unicode;

namespace RewardForcing.Native.Formats;

/// <summary>What a <c>*.safetensors.index.json</c> says: which tensor lies in which file of its folder.</summary>
internal sealed class ShardIndex
{
    private const int MaxLength = 100_000_000;
    private const int MaxDepth = 32;

    private ShardIndex(string file) => File = file;

    public string File { get; }

    /// <summary>The file of every tensor; a plain file name each.</summary>
    public Dictionary<string, string> Shards { get; } = new(StringComparer.Ordinal);

    /// <summary>Bytes of all tensors as the index claims; null if it does not.</summary>
    public long? TotalSize { get; private set; }

    /// <summary>Reads an index; no shard is opened.</summary>
    /// <exception cref="ModelFormatException">It is no index, or a shard is not a file of its folder.</exception>
    public static ShardIndex Read(MappedFile file)
    {
        if (file.Length > MaxLength)
        {
            throw new ModelFormatException(file.Path, $"is {file.Length:N0} bytes long, expected an index of at most {MaxLength:N0}");
        }

        byte[] bytes = GC.AllocateUninitializedArray<byte>((int)file.Length);
        file.Read(0, bytes);
        if (MistakenDownload.Describe(bytes) is string mistake)
        {
            throw new ModelFormatException(file.Path, mistake);
        }

        if (!Utf8.IsValid(bytes))
        {
            throw new ModelFormatException(file.Path, "is not valid UTF-8");
        }

        Utf8JsonReader json = new(bytes, new JsonReaderOptions { MaxDepth = MaxDepth });
        ShardIndex index = new(file.Path);
        try
        {
            index.Walk(ref json);
        }
        catch (JsonException error)
        {
            int tail = error.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
            string reason = (tail < 0 ? error.Message : error.Message[..tail]).TrimEnd('.');
            throw new ModelFormatException(file.Path, $"is not valid JSON: {Printable.Text(reason)} (byte {json.TokenStartIndex:N0})", null, error);
        }
        catch (InvalidOperationException error)
        {
            throw new ModelFormatException(file.Path, $"contains half a surrogate pair, which no text may (byte {json.TokenStartIndex:N0})", null, error);
        }

        return index;
    }

    private void Walk(ref Utf8JsonReader json)
    {
        bool hasMap = false;
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            throw new ModelFormatException(File, "must be a JSON object with a weight_map");
        }

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("weight_map"u8))
            {
                if (hasMap)
                {
                    throw new ModelFormatException(File, "weight_map is there twice", "weight_map");
                }

                hasMap = true;
                WalkMap(ref json);
            }
            else
            {
                bool isMetadata = json.ValueTextEquals("metadata"u8);
                json.Read();
                if (isMetadata && json.TokenType == JsonTokenType.StartObject)
                {
                    WalkMetadata(ref json);
                }
                else
                {
                    json.Skip();
                }
            }
        }

        json.Read();
        if (!hasMap)
        {
            throw new ModelFormatException(File, "has no weight_map", "weight_map");
        }
    }

    private void WalkMap(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            throw new ModelFormatException(File, "weight_map must be a JSON object from tensor to file name", "weight_map");
        }

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            string tensor = json.GetString()!;
            string shown = Printable.Text(tensor);
            json.Read();
            if (json.TokenType != JsonTokenType.String)
            {
                throw new ModelFormatException(File, $"weight_map: tensor {shown} must name a file, got no text (byte {json.TokenStartIndex:N0})", tensor);
            }

            string shard = json.GetString()!;
            if (!IsPlainName(shard))
            {
                throw new ModelFormatException(
                    File, $"weight_map: tensor {shown} lies in \"{Printable.Text(shard)}\", expected the plain name of a file in the folder of the index (byte {json.TokenStartIndex:N0})", tensor);
            }

            if (!Shards.TryAdd(tensor, shard))
            {
                throw new ModelFormatException(File, $"weight_map: tensor {shown} is there twice (byte {json.TokenStartIndex:N0})", tensor);
            }
        }
    }

    private void WalkMetadata(ref Utf8JsonReader json)
    {
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            bool isSize = json.ValueTextEquals("total_size"u8);
            json.Read();
            if (isSize && json.TokenType == JsonTokenType.Number && json.TryGetInt64(out long size))
            {
                TotalSize = size;
            }
            else
            {
                json.Skip();
            }
        }
    }

    // No folder, no drive, no scheme: on every system, wherever the index was written.
    private static bool IsPlainName(string name) =>
        name.Length > 0 && name is not ("." or "..") && name.AsSpan().IndexOfAny("/\\:\0") < 0;
}
