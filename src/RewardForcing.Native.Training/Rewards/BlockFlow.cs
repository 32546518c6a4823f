using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace RewardForcing.Native.Training;

/// <summary>Optical flow by matching blocks: where each block of one frame has gone in the next. Deterministic, and without a network.</summary>
/// <remarks>
/// A block of 8 x 8 pixels, one every 4, is looked for within <see cref="Reach"/> pixels; the mean absolute difference of its colours is
/// compared, plus a little for each pixel of distance, so that what looks the same everywhere stays where it is. A match counts only if it explains
/// at least half of the difference to standing still, which flicker does not, and if the place found would itself be found back here, which excludes
/// ground that something has just covered. Matches are refined to about a fifth of a pixel by one step of least squares along the slopes of the picture. Frames
/// whose smaller side has 256 pixels or more are averaged down by a whole factor first. Jain and Jain 1981; Lucas and Kanade 1981 (fractions).
/// </remarks>
public sealed class BlockFlow
{
    private const int Colours = 3;
    private const int Block = 8;
    private const int Step = 4;
    private const int UsualSide = 128;
    private const float Still = 0.02f;
    private const float Distance = 0.002f;
    private const float Explained = 0.5f;

    // What noise adds to the slopes of a block: where the picture has no slope, no fraction is found either.
    private const double Noise = Block * Block * Colours * (double)Still * Still;

    private readonly int _factor;
    private readonly int _height;
    private readonly int _width;
    private readonly int _blocksDown;
    private readonly int _blocksAcross;

    /// <summary>Prepares for frames of a size.</summary>
    /// <param name="height">Lines, at least 8.</param>
    /// <param name="width">Columns, at least 8.</param>
    /// <exception cref="ArgumentException">The frames hold no block.</exception>
    public BlockFlow(int height, int width)
    {
        if (height < Block || width < Block)
        {
            throw new ArgumentException($"block flow: frames must have at least {Block} x {Block} pixels, got {height} x {width}.");
        }

        _factor = Math.Max(1, Math.Min(height, width) / UsualSide);
        (_height, _width) = (height / _factor, width / _factor);
        (_blocksDown, _blocksAcross) = (((_height - Block) / Step) + 1, ((_width - Block) / Step) + 1);
        Reach = Math.Clamp(Math.Min(_height, _width) / 4, Step, 16);
    }

    /// <summary>The largest displacement in each direction that is found, in pixels of frames that are averaged down.</summary>
    public int Reach { get; }

    /// <summary>Blocks of a frame, row by row.</summary>
    public int Count => _blocksDown * _blocksAcross;

    /// <summary>Averages a frame down to the size blocks are matched in.</summary>
    /// <param name="frame">Colours one after the other, <c>[3, H, W]</c>, -1 to 1.</param>
    /// <param name="plane">Elements of one colour in <paramref name="frame"/>, so that colours may lie apart.</param>
    /// <param name="width">Columns of the frame.</param>
    /// <returns>Pixels with their three colours together.</returns>
    public float[] Reduced(ReadOnlySpan<float> frame, int plane, int width)
    {
        var reduced = new float[_height * _width * Colours];
        float share = 1f / (_factor * _factor);
        for (int i = 0; i < reduced.Length; i++)
        {
            (int pixel, int colour) = Math.DivRem(i, Colours);
            int first = (colour * plane) + (pixel / _width * _factor * width) + (pixel % _width * _factor);
            float sum = 0;
            for (int y = 0; y < _factor; y++)
            {
                for (int x = 0; x < _factor; x++)
                {
                    sum += frame[first + (y * width) + x];
                }
            }

            reduced[i] = sum * share;
        }

        return reduced;
    }

    /// <summary>Finds how far each block of a frame has gone in another.</summary>
    /// <param name="from">From <see cref="Reduced"/>.</param>
    /// <param name="to">The later frame, from <see cref="Reduced"/>.</param>
    /// <returns>Columns and lines of the displacement of each block, in pixels of the whole frames.</returns>
    public (float X, float Y)[] Displacements(float[] from, float[] to)
    {
        var found = new (float X, float Y)[Count];
        for (int block = 0; block < found.Length; block++)
        {
            (int y, int x) = (block / _blocksAcross * Step, block % _blocksAcross * Step);
            Match there = Search(from, to, y, x);
            if (there.IsMoved && Search(to, from, y + there.Down, x + there.Across) is { IsMoved: true } back
                && Math.Abs(back.Down + there.Down) <= 1 && Math.Abs(back.Across + there.Across) <= 1)
            {
                found[block] = Refined(from, to, y, x, there);
            }
        }

        return found;
    }

    private Match Search(float[] from, float[] to, int y, int x)
    {
        float still = Difference(from, to, y, x, 0, 0, float.MaxValue);
        Match best = new(0, 0, still);
        if (still < Still)
        {
            return best;
        }

        float least = still;
        for (int down = Math.Max(-Reach, -y); down <= Math.Min(Reach, _height - Block - y); down++)
        {
            for (int across = Math.Max(-Reach, -x); across <= Math.Min(Reach, _width - Block - x); across++)
            {
                float far = Distance * MathF.Sqrt((down * down) + (across * across));
                if (far < least && far + Difference(from, to, y, x, down, across, least - far) is float cost && cost < least)
                {
                    (least, best) = (cost, new Match(down, across, cost - far));
                }
            }
        }

        return best.Cost <= Explained * still ? best : new Match(0, 0, still);
    }

    // The mean absolute difference; as soon as it is beyond the limit, any number beyond it. Four lanes, so that every machine sums in one order.
    private float Difference(float[] from, float[] to, int y, int x, int down, int across, float limit)
    {
        const int Row = Block * Colours;
        const float Share = 1f / (Block * Row);
        Vector128<float> lanes = Vector128<float>.Zero;
        float sum = 0;
        for (int line = 0; line < Block; line++)
        {
            ReadOnlySpan<Vector128<float>> a = MemoryMarshal.Cast<float, Vector128<float>>(from.AsSpan((((y + line) * _width) + x) * Colours, Row));
            ReadOnlySpan<Vector128<float>> b = MemoryMarshal.Cast<float, Vector128<float>>(to.AsSpan((((y + line + down) * _width) + x + across) * Colours, Row));
            for (int i = 0; i < a.Length; i++)
            {
                lanes += Vector128.Abs(a[i] - b[i]);
            }

            sum = (lanes[0] + lanes[1] + (lanes[2] + lanes[3])) * Share;
            if (sum > limit)
            {
                break;
            }
        }

        return sum;
    }

    // from(p) = to(p + d + r), so r solves (sum g gᵀ) r = sum g (from(p) - to(p + d)) with g the slopes of to.
    private (float X, float Y) Refined(float[] from, float[] to, int y, int x, Match match)
    {
        double xx = Noise, xy = 0, yy = Noise, byX = 0, byY = 0;
        for (int i = 0; i < Block * Block * Colours; i++)
        {
            (int pixel, int colour) = Math.DivRem(i, Colours);
            (int line, int column) = (y + match.Down + (pixel / Block), x + match.Across + (pixel % Block));
            float At(int row, int place) => to[(((Math.Clamp(row, 0, _height - 1) * _width) + Math.Clamp(place, 0, _width - 1)) * Colours) + colour];
            double right = 0.5 * (At(line, column + 1) - At(line, column - 1)), below = 0.5 * (At(line + 1, column) - At(line - 1, column));
            double apart = from[((((y + (pixel / Block)) * _width) + x + (pixel % Block)) * Colours) + colour] - At(line, column);
            (xx, xy, yy) = (xx + (right * right), xy + (right * below), yy + (below * below));
            (byX, byY) = (byX + (right * apart), byY + (below * apart));
        }

        double determinant = (xx * yy) - (xy * xy);
        double toRight = match.Across + Math.Clamp(((yy * byX) - (xy * byY)) / determinant, -1, 1), toBelow = match.Down + Math.Clamp(((xx * byY) - (xy * byX)) / determinant, -1, 1);
        return ((float)(toRight * _factor), (float)(toBelow * _factor));
    }

    private readonly record struct Match(int Down, int Across, float Cost)
    {
        public bool IsMoved => Down != 0 || Across != 0;
    }
}
