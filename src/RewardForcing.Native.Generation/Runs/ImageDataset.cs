using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Generation;

/// <summary>The reference's folder of images with captions: <c>target_crop_info_26-15.json</c> and the images in <c>26-15/</c>.</summary>
/// <remarks>Spec: models 5.3.</remarks>
public static class ImageDataset
{
    private const string Prefix = "target_crop_info_";

    /// <summary>Reads the captions; each goes with its image.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="ModelFormatException">It is no such folder, or an image is missing.</exception>
    public static IReadOnlyList<PromptLine> Read(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new ModelFormatException(folder, "is no folder; --i2v takes one with target_crop_info_*.json and the images it lists");
        }

        string[] lists = Directory.GetFiles(folder, Prefix + "*.json");
        if (lists.Length != 1)
        {
            throw new ModelFormatException(folder, $"holds {lists.Length} files {Prefix}*.json, expected exactly one");
        }

        string list = lists[0];
        string images = Path.Combine(folder, Path.GetFileNameWithoutExtension(list)[Prefix.Length..]);
        PromptLine[] lines = [.. JsonPart.ReadList(list).Items().Select((item, index) => Line(item, index, images))];
        return lines.Length > 0 ? lines : throw new ModelFormatException(list, "lists no images");
    }

    private static PromptLine Line(JsonPart item, int index, string images)
    {
        string name = item["file_name"].Text();
        if (name.Length == 0 || Path.IsPathRooted(name) || name.Split('/', '\\').Contains(".."))
        {
            throw item["file_name"].Wrong("the name of a file in the folder of images");
        }

        string path = Path.Combine(images, name);
        string caption = item["caption"].Text();
        return File.Exists(path) ? new PromptLine(index, caption, caption, path) : throw item.Error($"lists {Printable.Text(name)}, but there is no {Printable.Text(path)}", "file_name");
    }
}
