namespace RewardForcing.Native.Testing.Golden;

/// <summary>Compares frames as bytes: the largest difference in levels, and the share of bytes that differ at all.</summary>
internal static class FrameBytes
{
    public static IEnumerable<Comparison> Compare(GoldenFile file, string name, ReadOnlySpan<byte> actual, double differingShare)
    {
        byte[] expected = file.Bytes(name);
        if (actual.Length != expected.Length)
        {
            return [new Comparison(name, double.PositiveInfinity, 1)];
        }

        (int largest, int differing) = (0, 0);
        for (int i = 0; i < expected.Length; i++)
        {
            int difference = Math.Abs(actual[i] - expected[i]);
            largest = Math.Max(largest, difference);
            differing += difference > 0 ? 1 : 0;
        }

        return [new Comparison($"{name} (levels)", largest, 1), new Comparison($"{name} (share)", (double)differing / expected.Length, differingShare)];
    }
}
