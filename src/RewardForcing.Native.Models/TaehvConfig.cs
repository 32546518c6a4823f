using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Models;

/// <summary>Sizes of a TAEHV preview decoder; all of them follow from the shapes of a checkpoint.</summary>
/// <remarks>Spec: models 6.7.</remarks>
public sealed record TaehvConfig
{
    /// <summary>Levels of the decoder.</summary>
    internal const int Levels = 4;

    /// <summary>The preview decoder of Wan 2.1 (<c>taew2_1.pth</c>).</summary>
    public static TaehvConfig Wan21 { get; } = new();

    /// <summary>Channels of a latent.</summary>
    public int LatentChannels { get; init; } = 16;

    /// <summary>Channels of the four levels of the decoder, smallest images first.</summary>
    public IReadOnlyList<int> Widths { get; init; } = [256, 128, 64, 64];

    /// <summary>
    /// Frames the file's growing layers can make of one frame: 1, 2 and 2. Where a file has more than that, the last ones are used, as the
    /// reference does for files made for more frames.
    /// </summary>
    public IReadOnlyList<int> StoredGrowth { get; init; } = [1, 2, 2];

    /// <summary>Whether the file has the encoder too.</summary>
    public bool HasEncoder { get; init; } = true;

    /// <summary>Derives the sizes from the shapes of a checkpoint; <see cref="Wan21"/> for another file, whose loading then lists what is missing.</summary>
    /// <param name="archive">The checkpoint.</param>
    public static TaehvConfig FromShapes(TensorArchive archive)
    {
        int[] widths = [Extent(archive, "decoder.1.weight", 0), Extent(archive, "decoder.8.weight", 0), Extent(archive, "decoder.14.weight", 0), Extent(archive, "decoder.20.weight", 0)];
        int[] grown = [Extent(archive, "decoder.7.conv.weight", 0), Extent(archive, "decoder.13.conv.weight", 0), Extent(archive, "decoder.19.conv.weight", 0)];
        int latent = Extent(archive, "decoder.1.weight", 1);
        if (latent == 0 || widths.Contains(0))
        {
            return Wan21;
        }

        // A file with fewer rows than the network needs is refused with the shape that was expected.
        int[] growth = [.. Wan21.StoredGrowth.Select((least, level) => Math.Max(least, grown[level] / widths[level]))];
        bool encoder = archive.Entries.Any(static entry => entry.Name.StartsWith("encoder.", StringComparison.Ordinal));
        return new TaehvConfig { LatentChannels = latent, Widths = widths, StoredGrowth = growth, HasEncoder = encoder };
    }

    private static int Extent(TensorArchive archive, string name, int dimension)
    {
        return archive.TryGet(name, out TensorEntry? entry) && entry.Shape.Length == 4 && entry.Shape[dimension] is > 0 and <= int.MaxValue
            ? (int)entry.Shape[dimension] : 0;
    }
}
