using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Generation;

/// <summary>Latents of a video in a safetensors file: <c>latents</c>, <c>[1, F, C, H, W]</c>.</summary>
public static class LatentFile
{
    /// <summary>Name of the tensor.</summary>
    public const string TensorName = "latents";

    /// <summary>Reads latents.</summary>
    /// <param name="path">A file as this program writes it; <c>[F, C, H, W]</c> and other float types are read too.</param>
    /// <exception cref="ModelFormatException">The file is damaged or holds no latents.</exception>
    public static LatentFrames Read(string path)
    {
        using TensorArchive archive = TensorArchive.Open(path);
        if (!archive.TryGet(TensorName, out TensorEntry? entry))
        {
            throw new ModelFormatException(path, $"holds no tensor {TensorName}, expected a file that --save_latents wrote");
        }

        long[] shape = entry.Shape.Length == 5 && entry.Shape[0] == 1 ? entry.Shape[1..] : entry.Shape;
        if (shape.Length != 4 || shape.Any(static extent => extent < 1) || shape.Aggregate(1L, static (count, extent) => count * extent) > Array.MaxLength)
        {
            throw new ModelFormatException(path, $"{entry.Name} must be [1, F, C, H, W], found {Printable.Extents(entry.Shape)}", entry.Name);
        }

        int[] extents = [.. shape.Select(static extent => checked((int)extent))];
        var values = new float[extents.Aggregate(1, static (count, extent) => count * extent)];
        ArchiveRows.Read(archive, entry, extents[1] * extents[2] * extents[3], 0, values);
        return new LatentFrames(extents[0], extents[1], extents[2], extents[3], values);
    }
}
