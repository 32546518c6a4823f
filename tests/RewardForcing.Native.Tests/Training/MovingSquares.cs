using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.Tests.Training;

/// <summary>Clips of a square that moves over a plain ground, made when they are read.</summary>
internal sealed class MovingSquares(int count, int frames, int size) : IClipStore
{
    public int Count => count;

    public ClipKind Kind => ClipKind.Videos;

    public IReadOnlyDictionary<string, string> Notes { get; } = new Dictionary<string, string>();

    public Shape ClipShape => new(frames, size, size, 3);

    public string Prompt(int index) => $"square {index}";

    public Clip Read(int index)
    {
        Random random = new(index);
        int[] ground = Colour(random), colour = Colour(random);
        (int x, int y, int dx, int dy, int side) = (random.Next(size), random.Next(size), random.Next(-3, 4), random.Next(-3, 4), random.Next(size / 4, size / 2));
        var values = new float[frames * size * size * 3];
        for (int i = 0; i < values.Length; i++)
        {
            int pixel = i / 3, frame = pixel / (size * size), line = pixel / size % size, column = pixel % size;
            bool inside = (line + (8 * size) - y - (dy * frame)) % size < side && (column + (8 * size) - x - (dx * frame)) % size < side;
            values[i] = (inside ? colour : ground)[i % 3];
        }

        return new Clip(Prompt(index), ClipShape, values);
    }

    public void Dispose()
    {
    }

    private static int[] Colour(Random random) => [random.Next(256), random.Next(256), random.Next(256)];
}
