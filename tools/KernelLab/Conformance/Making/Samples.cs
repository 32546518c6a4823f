namespace RewardForcing.Native.KernelLab.Conformance.Making;

/// <summary>Inputs: all pairs of eight special values, then random ones. The same in every run.</summary>
internal static class Samples
{
    private const int Special = 8;

    /// <summary>Which of the inputs of an instruction.</summary>
    public enum Place
    {
        /// <summary>The first: eight of each special value.</summary>
        First,

        /// <summary>The second: the special values in turn.</summary>
        Second,

        /// <summary>The third: the special values in turn, from another one in each round.</summary>
        Third,
    }

    /// <summary>Integers of some width.</summary>
    public static IEnumerable<ulong> Integers(int width, Place place, int seed)
    {
        ulong mask = Mask(width), top = 1UL << (width - 1);
        return Mixed([0, 1, mask, top - 1, top, 2, 0x5A5A5A5A5A5A5A5A & mask, (top >> 1) + 3], place, seed, random => (ulong)random.NextInt64() & mask >> random.Next(width));
    }

    /// <summary>Divisors: never 0, and never -1, of which the least number would overflow.</summary>
    public static IEnumerable<ulong> Divisors(int width, int seed) =>
        Integers(width, Place.Second, seed).Select(bits => bits == 0 ? 3 : bits == Mask(width) ? bits - 4 : bits);

    /// <summary>Distances of shifts, up to four times too long.</summary>
    public static IEnumerable<ulong> Distances(int width) => Mixed(
        [0, 1, (ulong)width / 2, (ulong)width - 1, (ulong)width, (ulong)width + 1, 4 * (ulong)width, 7], Place.Second, 77, random => (ulong)random.Next(width));

    /// <summary>Floats of some format: zeros, a subnormal one, the largest, an infinity, not a number; and random ones of near sizes.</summary>
    public static IEnumerable<ulong> Floats(FloatShape shape, Place place, int seed)
    {
        ulong Bits(double value) => shape.Encode(ExactNumber.Of(value));
        ulong sign = 1UL << (shape.ExponentBits + shape.FractionBits);
        return Mixed(
            [0, sign, Bits(1), Bits(-1.5), (ulong)(3 + (int)place), shape.Largest, shape.HasInfinity ? shape.Infinity : Bits(2), shape.NotANumber], place, seed,
            random => (random.Next(4)) switch
            {
                0 => Bits((random.Next(2001) - 1000) / 8.0),
                1 => ((ulong)random.NextInt64() & ((sign << 1) - 1)) is ulong any && shape.IsNotANumber(any) ? Bits(0.3) : any,
                _ => Bits(Math.ScaleB(random.NextDouble() - 0.5, random.Next(-6, 7))),
            });
    }

    /// <summary>Bits up to a width.</summary>
    public static ulong Mask(int width) => width == 64 ? ulong.MaxValue : (1UL << width) - 1;

    private static IEnumerable<ulong> Mixed(ulong[] special, Place place, int seed, Func<Random, ulong> draw)
    {
        Random random = new(seed + (int)place);
        for (int i = 0; i < CaseFamily.Lanes; i++)
        {
            yield return i >= Special * Special ? draw(random) : special[place switch
            {
                Place.First => i / Special,
                Place.Second => i % Special,
                _ => (i + (i / Special * 3)) % Special,
            }];
        }
    }
}
