using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Cuts pieces out of the videos of a store, in time and space, by draws of the step.</summary>
/// <param name="Clips">Videos, <c>[F, H, W, 3]</c>, 0 to 255.</param>
/// <param name="CropSize">Height and width of a piece; 0 for whole frames.</param>
internal sealed record VideoCrops(IClipStore Clips, int CropSize)
{
    private const int Colours = 3;

    /// <summary>Height of a piece.</summary>
    public int Height => CropSize > 0 ? CropSize : Clips.ClipShape[1];

    /// <summary>Width of a piece.</summary>
    public int Width => CropSize > 0 ? CropSize : Clips.ClipShape[2];

    /// <summary>Refuses stores that pieces of a size cannot be cut from.</summary>
    public void Check(int frames)
    {
        Shape shape = Clips.ClipShape;
        if (Clips.Kind != ClipKind.Videos || shape[0] < frames || shape[1] < Height || shape[2] < Width)
        {
            throw new ArgumentException($"vae training: expected videos [F, H, W, 3] of at least {frames} frames of {Height} x {Width} pixels, got {Clips.Kind} of {shape}.");
        }
    }

    /// <summary>The mean colour of a store, -1 to 1, over some of its clips.</summary>
    public static float[] MeanColour(IClipStore clips)
    {
        const int Most = 32;
        int used = Math.Min(Most, clips.Count);
        double[] sums = new double[Colours];
        long pixels = 0;
        for (int i = 0; i < used; i++)
        {
            float[] values = clips.Read((int)((long)i * clips.Count / used)).Values;
            for (int at = 0; at < values.Length; at++)
            {
                sums[at % Colours] += values[at];
            }

            pixels += values.Length / Colours;
        }

        return [.. sums.Select(sum => (float)((sum / pixels / 127.5) - 1))];
    }

    /// <summary>Reads pieces as -1 to 1, <c>[B, T, H, W, 3]</c>.</summary>
    public Tensor Read(Pass pass, TrainingDraws draws, int batch, int frames)
    {
        var values = new float[batch * frames * Height * Width * Colours];
        for (int i = 0; i < batch; i++)
        {
            Clip clip = Clips.Read(draws.Whole("clip", i, Clips.Count));
            (int length, int lines, int columns) = (clip.Shape[0], clip.Shape[1], clip.Shape[2]);
            int first = draws.Whole("frame", i, length - frames + 1), top = draws.Whole("top", i, lines - Height + 1), left = draws.Whole("left", i, columns - Width + 1);
            int row = Width * Colours;
            for (int line = 0; line < frames * Height; line++)
            {
                (int frame, int y) = Math.DivRem(line, Height);
                int from = ((((first + frame) * lines) + top + y) * columns * Colours) + (left * Colours);
                Scale(clip.Values.AsSpan(from, row), values.AsSpan(((i * frames * Height) + line) * row, row));
            }
        }

        return pass.From<float>(new Shape(batch, frames, Height, Width, Colours), values);
    }

    /// <summary>Reads a whole video as -1 to 1, <c>[1, T, H, W, 3]</c>.</summary>
    public Tensor Whole(Pass pass, int index)
    {
        Clip clip = Clips.Read(index);
        var values = new float[clip.Values.Length];
        Scale(clip.Values, values);
        return pass.From<float>(new Shape([1, .. clip.Shape.ToArray()]), values);
    }

    private static void Scale(ReadOnlySpan<float> bytes, Span<float> pixels)
    {
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (bytes[i] / 127.5f) - 1;
        }
    }
}
