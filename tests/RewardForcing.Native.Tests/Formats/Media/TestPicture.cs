namespace RewardForcing.Native.Tests.Formats.Media;

/// <summary>Pictures for tests.</summary>
internal static class TestPicture
{
    /// <summary>Smooth in parts and noisy in others, so that every row filter is the best somewhere.</summary>
    public static byte[] Make(int width, int height, int seed = 1)
    {
        Random random = new(seed);
        byte[] rgb24 = new byte[width * height * 3];
        for (int i = 0; i < rgb24.Length; i++)
        {
            (int x, int y, int channel) = (i / 3 % width, i / 3 / width, i % 3);
            rgb24[i] = (y / 4 % 4) switch
            {
                0 => (byte)((x * 3) + seed),
                1 => (byte)((y * 7) + (channel * 40)),
                2 => (byte)(((x + y) * 2) + (channel * seed) + random.Next(3)),
                _ => (byte)random.Next(256),
            };
        }

        return rgb24;
    }
}
