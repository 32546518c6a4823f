using System.Text.RegularExpressions;
using RewardForcing.Native.Formats;

namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Finds and reads the videos of a folder: files, or folders of PNG frames.</summary>
internal static partial class VideoFolder
{
    private static readonly string[] _endings = [".mp4", ".apng", ".mov", ".mkv", ".webm", ".gif"];

    /// <summary>The videos in the order of their names, numbers in them by their values: 2-0 is before 10-0, as the prompts are.</summary>
    /// <param name="folder">Where to look.</param>
    /// <exception cref="DirectoryNotFoundException">It is not there.</exception>
    public static IReadOnlyList<string> Videos(string folder) =>
        Directory.Exists(folder)
            ? [.. Directory.EnumerateFileSystemEntries(folder).Where(IsVideo).OrderBy(static path => Padded(Path.GetFileName(path)), StringComparer.Ordinal)]
            : throw new DirectoryNotFoundException($"{folder}: there is no such folder.");

    /// <summary>Reads the frames of a video, <c>[F, 64, 64, 3]</c>.</summary>
    /// <param name="path">One of <see cref="Videos"/>.</param>
    /// <exception cref="InvalidOperationException">Its frames are of another size.</exception>
    public static byte[] Read(string path)
    {
        IEnumerable<Picture> pictures = Directory.Exists(path) ? Frames(path).Select(PngReader.Read) : VideoFile.Read(path);
        using MemoryStream bytes = new();
        foreach (Picture picture in pictures)
        {
            if (picture.Width != Scene.Size || picture.Height != Scene.Size)
            {
                throw new InvalidOperationException($"{path}: a frame is {picture.Width} x {picture.Height} pixels, expected {Scene.Size} x {Scene.Size}; only videos of this world are judged.");
            }

            bytes.Write(picture.Rgb24);
        }

        return bytes.ToArray();
    }

    private static string Padded(string name) => Digits().Replace(name, static match => match.Value.PadLeft(20, '0'));

    private static bool IsVideo(string path) => Directory.Exists(path) ? Frames(path).Length > 1 : _endings.Contains(Path.GetExtension(path).ToLowerInvariant());

    private static string[] Frames(string folder) => [.. Directory.GetFiles(folder, "*.png").Order(StringComparer.Ordinal)];

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Digits();
}
