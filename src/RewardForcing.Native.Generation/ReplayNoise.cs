using System.Globalization;
using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Generation;

/// <summary>Noise out of a file: <c>in.noise</c> <c>[B, F, C, H, W]</c> and <c>in.block{b}.renoise{j}</c> <c>[B·f, C, H, W]</c>, as in the reference cases.</summary>
/// <remarks>Draws are read in place when they are needed; nothing is kept. The names may also stand without <c>in.</c></remarks>
public sealed class ReplayNoise : INoiseSource
{
    private readonly TensorArchive _archive;
    private readonly string _prefix;
    private NoiseShape _shape;

    /// <summary>Makes a source.</summary>
    /// <param name="archive">The file; disposed with the source. It is read again from the start for every video.</param>
    /// <exception cref="ModelFormatException">The file has no initial noise.</exception>
    public ReplayNoise(TensorArchive archive)
    {
        _archive = archive;
        _prefix = archive.TryGet("in.noise", out _) ? "in." : string.Empty;
        if (!archive.TryGet(_prefix + "noise", out _))
        {
            throw new ModelFormatException(archive.Path, "holds no tensor in.noise; noise files are named as reference cases are: in.noise and in.block0.renoise0");
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ModelFormatException">The noise in the file is for another video.</exception>
    public void Begin(NoiseShape shape)
    {
        TensorEntry entry = Find(_prefix + "noise");
        long[] found = entry.Shape;
        if (found.Length != 5 || found[0] != shape.Samples || found[1] < shape.Frames
            || found[2] != shape.Channels || found[3] != shape.Height || found[4] != shape.Width)
        {
            throw new ModelFormatException(
                _archive.Path,
                $"{entry.Name} must be [{shape.Samples}, at least {shape.Frames}, {shape.Channels}, {shape.Height}, {shape.Width}] for this video, found [{string.Join(", ", found)}]",
                entry.Name);
        }

        _shape = shape;
    }

    /// <inheritdoc/>
    public void Initial(int block, int firstFrame, int frames, Span<float> noise)
    {
        TensorEntry entry = Find(_prefix + "noise");
        int size = frames * _shape.FrameSize;
        for (int sample = 0; sample < _shape.Samples; sample++)
        {
            long first = (sample * entry.Shape[1]) + firstFrame;
            Read(entry, checked((int)first), frames, noise.Slice(sample * size, size));
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ModelFormatException">The file has not this draw, or it has another shape.</exception>
    public void Renewal(int block, int step, int frames, Span<float> noise)
    {
        TensorEntry entry = Find(string.Create(CultureInfo.InvariantCulture, $"{_prefix}block{block}.renoise{step}"));
        long expected = _shape.Count(frames);
        if (entry.Shape.Aggregate(1L, static (count, extent) => count * extent) != expected)
        {
            throw new ModelFormatException(
                _archive.Path,
                $"{entry.Name} must be [{_shape.Samples * frames}, {_shape.Channels}, {_shape.Height}, {_shape.Width}] for this block, found [{string.Join(", ", entry.Shape)}]",
                entry.Name);
        }

        Read(entry, 0, _shape.Samples * frames, noise);
    }

    /// <inheritdoc/>
    public void Dispose() => _archive.Dispose();

    private TensorEntry Find(string name) => _archive.TryGet(name, out TensorEntry? entry)
        ? entry
        : throw new ModelFormatException(_archive.Path, $"{name} is missing, and this video needs it; use the number of frames, blocks and steps the file was made with", name);

    // The file as rows of one latent frame each.
    private void Read(TensorEntry entry, int firstRow, int rows, Span<float> values) =>
        ArchiveRows.Read(_archive, entry, _shape.FrameSize, firstRow, values[..(rows * _shape.FrameSize)]);
}
