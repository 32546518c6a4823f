using System.Security.Cryptography;
using System.Text.Json;
using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Decodes a PNG that <c>expected.json</c> beside it describes: as a frame of <c>source_frames.safetensors</c>, or by the checksum of its grey plane. Exact.</summary>
public sealed class PictureRunner : FileRunner
{
    private const string Expectations = "expected.json";

    /// <inheritdoc/>
    public override bool Handles(string path)
    {
        string expected = Beside(path, Expectations);
        if (Path.GetExtension(path) != ".png" || !File.Exists(expected))
        {
            return false;
        }

        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(expected));
        return document.RootElement.TryGetProperty("files", out JsonElement files) && files.TryGetProperty(Path.GetFileName(path), out _);
    }

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Beside(path, Expectations)));
        JsonElement expected = document.RootElement.GetProperty("files").GetProperty(Path.GetFileName(path));
        Picture picture = PngReader.Read(path);
        if (expected.TryGetProperty("frame", out JsonElement frame))
        {
            yield return new Comparison($"frame {frame.GetInt32()}", Differences(Source(path, frame.GetInt32(), picture), picture.Rgb24), 0);
        }

        if (expected.TryGetProperty("sha256", out JsonElement checksum))
        {
            byte[] plane = [.. picture.Rgb24.Where(static (_, i) => i % 3 == 0)];
            byte[] spread = [.. plane.SelectMany(static value => new[] { value, value, value })];
            bool isSame = Convert.ToHexStringLower(SHA256.HashData(plane)) == checksum.GetString();
            yield return new Comparison("checksum of the grey plane", isSame ? Differences(spread, picture.Rgb24) : double.PositiveInfinity, 0);
        }
    }

    private static byte[] Source(string path, int frame, Picture picture)
    {
        using TensorArchive archive = TensorArchive.Open(Beside(path, "source_frames.safetensors"));
        if (!archive.TryGet("frames", out TensorEntry? entry) || !entry.Shape.AsSpan(1).SequenceEqual([picture.Height, picture.Width, 3]))
        {
            return [];
        }

        using TensorBytes frames = archive.Map(entry);
        return frames.ToArray().AsSpan(frame * picture.Rgb24.Length, picture.Rgb24.Length).ToArray();
    }

    // Bytes that differ; another length differs everywhere.
    private static double Differences(byte[] expected, byte[] actual) =>
        expected.Length != actual.Length ? double.PositiveInfinity : expected.Zip(actual).Count(static pair => pair.First != pair.Second);

    private static string Beside(string path, string name) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, name);
}
