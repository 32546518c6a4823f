using System.Buffers.Binary;

namespace RewardForcing.Native.Formats;

/// <summary>Finds out what a path leads to.</summary>
internal static class ArchiveOpener
{
    private const string IndexSuffix = ".index.json";
    // The number 0x1950a86a20f9469cfc6c, pickled.
    private static ReadOnlySpan<byte> LegacyMagic => [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19];

    private static readonly string[] CheckpointSuffixes = [".pt", ".pth", ".ckpt", ".bin"];

    public static TensorArchive Open(string path, bool verifyChecksums)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = Directory.Exists(path) ? FindInFolder(path) : path;
        MappedFile file = MappedFile.Open(path);
        bool isIndex = path.EndsWith(".json", StringComparison.OrdinalIgnoreCase);
        return isIndex ? new ShardedArchive(file, verifyChecksums) : OpenFile(file, verifyChecksums);
    }

    /// <summary>Reads one file of tensors.</summary>
    /// <param name="file">Owned from here on, closed if it is refused.</param>
    /// <param name="verifyChecksums">Whether checksums are computed.</param>
    public static TensorArchive OpenFile(MappedFile file, bool verifyChecksums)
    {
        try
        {
            return Read(file, verifyChecksums);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static TensorArchive Read(MappedFile file, bool verifyChecksums)
    {
        Span<byte> start = stackalloc byte[MistakenDownload.Length];
        start = start[..(int)Math.Min(start.Length, file.Length)];
        file.Read(0, start);
        if (MistakenDownload.Describe(start) is string mistake)
        {
            throw new ModelFormatException(file.Path, mistake);
        }

        // No length of a header, so no safetensors file.
        if (start.Length >= 8 && BinaryPrimitives.ReadUInt64LittleEndian(start) > SafetensorsHeader.MaxLength && OtherKind(start) is string other)
        {
            throw new ModelFormatException(file.Path, $"is {other}, expected safetensors or a PyTorch checkpoint");
        }

        bool isNamedSafetensors = file.Path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase);

        // A header's length may begin with the letters PK; what follows it tells.
        if (isNamedSafetensors || (start.Length > 8 && (start[8] is (byte)'{' or (byte)' ')))
        {
            return new SafetensorsArchive(file);
        }

        if (start.StartsWith("PK\u0003\u0004"u8) || start.StartsWith("PK\u0005\u0006"u8))
        {
            return new PyTorchArchive(file, verifyChecksums);
        }

        if (start is [0x80, >= 2 and <= 5, ..])
        {
            string kind = start[..Math.Min(16, start.Length)].IndexOf(LegacyMagic) >= 0 ? "is in PyTorch's old format from before version 1.6" : "is a bare pickle";
            throw new ModelFormatException(file.Path, $"{kind}, which is not read here; load it with PyTorch and save it again with torch.save");
        }

        throw new ModelFormatException(file.Path, "is neither a safetensors file nor a PyTorch checkpoint (a zip); it is damaged or of another kind");
    }

    // What people take for a checkpoint, or name by mistake.
    private static string? OtherKind(ReadOnlySpan<byte> start) =>
        start.StartsWith("GGUF"u8) ? "a GGUF file, whose quantised weights are not read here"
        : start.StartsWith(PngChunks.Signature) ? "a PNG picture"
        : start.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) ? "a JPEG picture"
        : start.Length > 8 && start[4..].StartsWith("ftyp"u8) ? "a video (MP4 or MOV)"
        : start.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]) ? "compressed by gzip"
        : start.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'H', (byte)'D', (byte)'F']) ? "an HDF5 file"
        : null;

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
        string[] preferred = [.. indexes.Where(static file => file.EndsWith(".safetensors" + IndexSuffix, StringComparison.OrdinalIgnoreCase))];
        indexes = preferred.Length > 0 ? preferred : indexes;
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
