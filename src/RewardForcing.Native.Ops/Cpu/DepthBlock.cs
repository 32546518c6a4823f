namespace RewardForcing.Native.Ops;

/// <summary>A part of the summed dimension of a product that is packed and multiplied at once.</summary>
/// <param name="FirstTap">The first tap.</param>
/// <param name="Taps">Number of taps.</param>
/// <param name="FirstChannel">The first channel.</param>
/// <param name="Channels">Number of channels.</param>
internal readonly record struct DepthBlock(int FirstTap, int Taps, int FirstChannel, int Channels)
{
    /// <summary>Terms of every sum.</summary>
    public int Depth => Taps * Channels;

    /// <summary>Cuts taps times channels into blocks of nearly equal size of at most <paramref name="largest"/> terms, or one channel run of one tap.</summary>
    /// <remarks>The cut depends on nothing but the shape, so sums are always added up in the same order.</remarks>
    public static DepthBlock[] Cut(int taps, int channels, int largest)
    {
        int channelParts = (channels + largest - 1) / largest;
        int channelStep = Even(channels, channelParts);
        int tapStep = Even(taps, (taps + (largest / channelStep) - 1) / Math.Max(largest / channelStep, 1));
        var blocks = new List<DepthBlock>();
        for (int channel = 0; channel < channels; channel += channelStep)
        {
            for (int tap = 0; tap < taps; tap += tapStep)
            {
                blocks.Add(new DepthBlock(tap, Math.Min(tapStep, taps - tap), channel, Math.Min(channelStep, channels - channel)));
            }
        }

        return [.. blocks];
    }

    private static int Even(int whole, int parts) => (whole + parts - 1) / parts;
}
