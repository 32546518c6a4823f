using System.Globalization;

namespace RewardForcing.Native.Formats;

/// <summary>Frames per second as a fraction, so that a long video does not drift.</summary>
/// <param name="Frames">Numerator, 1 to 65535.</param>
/// <param name="Seconds">Denominator, 1 to 65535.</param>
internal readonly record struct FrameRate(int Frames, int Seconds)
{
    private const int Most = ushort.MaxValue;

    /// <summary>The decimal number exactly where both parts fit into 16 bits, else a near fraction that does.</summary>
    /// <exception cref="ArgumentException">It is not between 1/65535 and 65535.</exception>
    /// <remarks>APNG stores delays as two 16-bit numbers. The near fraction is the last convergent of the continued fraction that fits.</remarks>
    public static FrameRate From(double fps)
    {
        if (!(fps >= 1.0 / Most && fps <= Most))
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"fps must be between 1/{Most} and {Most}, got {fps}."), nameof(fps));
        }

        decimal rest = (decimal)fps;
        (long frames, long seconds) = (1, 0);
        (long lastFrames, long lastSeconds) = (0, 1);
        while (true)
        {
            long whole = (long)rest;
            (long nextFrames, long nextSeconds) = ((whole * frames) + lastFrames, (whole * seconds) + lastSeconds);
            if (nextFrames > Most || nextSeconds > Most)
            {
                break;
            }

            (lastFrames, lastSeconds, frames, seconds) = (frames, seconds, nextFrames, nextSeconds);

            // Decimals divide to 28 digits; what is smaller than this is their rounding, not a digit the caller gave.
            decimal fraction = rest - whole;
            if (fraction < 1e-12m)
            {
                break;
            }

            rest = 1 / fraction;
            if (rest > Most)
            {
                break;
            }
        }

        return frames == 0 ? new FrameRate(1, Most) : new FrameRate((int)frames, (int)seconds);
    }

    /// <inheritdoc/>
    public override string ToString() => Seconds == 1 ? $"{Frames}" : $"{Frames}/{Seconds}";
}
