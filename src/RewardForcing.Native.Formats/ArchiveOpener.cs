namespace RewardForcing.Native.Formats;

/// <summary>Finds out what a path leads to.</summary>
internal static class ArchiveOpener
{
    private const string IndexSuffix = ".safetensors.index.json";
    private static readonly string[] CheckpointSuffixes = [".pt", ".pth", ".ckpt", ".bin"];

    public static TensorArchive Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = Directory.Exists(path) ? FindInFolder(path) : path;
        MappedFile file = MappedFile.Open(path);
        try
        {
            return OpenFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static TensorArchive OpenFile(MappedFile file)
    {
        if (file.Path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
        {
            return new ShardedArchive(file);
        }

        Span<byte> start = stackalloc byte[16];
        start = start[..(int)Math.Min(start.Length, file.Length)];
        file.Read(0, start);
        bool isNamedSafetensors = file.Path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase);

        // A header's length may begin with the letters PK; what follows it tells.
        if (isNamedSafetensors || (start.Length > 8 && (start[8] is (byte)'{' or (byte)' ')))
        {
            return new SafetensorsArchive(file);
        }

        throw new ModelFormatException(file.Path, "is neither a safetensors file nor a PyTorch checkpoint");
    }

    private static string FindInFolder(string folder)
    {
        string[] files;
        try
        {
            files = [.. Directory.EnumerateFiles(folder).Select(static file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ModelFormatException(folder, $"cannot be listed: {Printable.Text(error.Message.TrimEnd('.'))}", null, error);
        }

        string[] indexes = [.. files.Where(static file => file.EndsWith(IndexSuffix, StringComparison.OrdinalIgnoreCase))];
        string[] safetensors = [.. files.Where(static file => file.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))];
        string[] checkpoints = [.. files.Where(static file => CheckpointSuffixes.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))];
        string[] found = indexes.Length > 0 ? indexes : safetensors.Length > 0 ? safetensors : checkpoints;
        return found.Length switch
        {
            1 => Path.Combine(folder, found[0]),
            0 => throw new ModelFormatException(folder, $"holds no *{IndexSuffix}, *.safetensors, {string.Join(" or ", CheckpointSuffixes.Select(static suffix => $"*{suffix}"))}"),
            _ => throw new ModelFormatException(folder, $"holds {found.Length} of them, name one: {string.Join(", ", found.Take(20).Select(static file => Printable.Text(file)))}"),
        };
    }
}
