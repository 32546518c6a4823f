namespace RewardForcing.Native.Ops;

/// <summary>Philox4x32-10: a random number is a pure function of a key and a counter, so draws can be made in any order, on any device, again.</summary>
/// <remarks>Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3". Spec: models, Appendix A.</remarks>
public static class Philox
{
    private const uint FirstMultiplier = 0xD2511F53;
    private const uint SecondMultiplier = 0xCD9E8D57;
    private const uint FirstWeyl = 0x9E3779B9;
    private const uint SecondWeyl = 0xBB67AE85;
    private const int Rounds = 10;
    private const double Unit = 1.0 / 4294967296.0;

    /// <summary>Computes one block of four words.</summary>
    /// <param name="c0">Counter, word 0.</param>
    /// <param name="c1">Counter, word 1.</param>
    /// <param name="c2">Counter, word 2.</param>
    /// <param name="c3">Counter, word 3.</param>
    /// <param name="key">Key; its low half is key word 0.</param>
    public static (uint R0, uint R1, uint R2, uint R3) Block(uint c0, uint c1, uint c2, uint c3, ulong key)
    {
        (uint k0, uint k1) = ((uint)key, (uint)(key >> 32));
        for (int round = 0; round < Rounds; round++)
        {
            ulong first = (ulong)FirstMultiplier * c0;
            ulong second = (ulong)SecondMultiplier * c2;
            (c0, c1, c2, c3) = ((uint)(second >> 32) ^ c1 ^ k0, (uint)second, (uint)(first >> 32) ^ c3 ^ k1, (uint)first);
            k0 = unchecked(k0 + FirstWeyl);
            k1 = unchecked(k1 + SecondWeyl);
        }

        return (c0, c1, c2, c3);
    }

    /// <summary>Fills with standard normals. Element <c>4 i + k</c> is number k of the block with counter <c>(i, c1, c2, c3)</c>.</summary>
    /// <param name="values">Destination.</param>
    /// <param name="c1">Counter, word 1.</param>
    /// <param name="c2">Counter, word 2.</param>
    /// <param name="c3">Counter, word 3.</param>
    /// <param name="key">Key.</param>
    /// <remarks>
    /// Box and Muller 1958 on <c>u = (r + ½) / 2³²</c>: words 0 and 1 give <c>√(-2 ln u₀) · (sin, cos)(2π u₁)</c>, words 2 and 3 the other
    /// two. Everything is double and rounded to float once, so that last-bit differences between math libraries do not show.
    /// </remarks>
    public static void Normals(Span<float> values, uint c1, uint c2, uint c3, ulong key)
    {
        for (int i = 0; i < values.Length; i += 4)
        {
            (uint r0, uint r1, uint r2, uint r3) = Block((uint)(i / 4), c1, c2, c3, key);
            (double n0, double n1) = BoxMuller((r0 + 0.5) * Unit, (r1 + 0.5) * Unit);
            (double n2, double n3) = BoxMuller((r2 + 0.5) * Unit, (r3 + 0.5) * Unit);
            Span<float> four = values[i..];
            four[0] = (float)n0;
            if (four.Length > 1)
            {
                four[1] = (float)n1;
            }

            if (four.Length > 2)
            {
                four[2] = (float)n2;
            }

            if (four.Length > 3)
            {
                four[3] = (float)n3;
            }
        }
    }

    /// <summary>Fills with the standard normals PyTorch's CUDA generator gives for one call of <c>randn</c>.</summary>
    /// <param name="values">Destination: all elements of the call.</param>
    /// <param name="seed">Seed of the generator.</param>
    /// <param name="offset">Offset of the generator, a multiple of 4.</param>
    /// <param name="multiprocessors">Multiprocessors of the GPU; the sequence depends on them.</param>
    /// <param name="threadsPerMultiprocessor">Threads one multiprocessor holds, 2048 or 1536.</param>
    /// <returns>The generator's offset afterwards.</returns>
    /// <remarks>Written from the layout in PyTorch's sources; never compared with a GPU. Spec: models, Appendix A.</remarks>
    public static ulong TorchCudaNormals(Span<float> values, ulong seed, ulong offset, int multiprocessors, int threadsPerMultiprocessor)
    {
        const int BlockThreads = 256;
        ArgumentOutOfRangeException.ThrowIfLessThan(multiprocessors, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(threadsPerMultiprocessor, BlockThreads);
        if (values.IsEmpty)
        {
            return offset;
        }

        long most = (long)multiprocessors * (threadsPerMultiprocessor / BlockThreads);
        long threads = BlockThreads * Math.Min((values.Length + BlockThreads - 1L) / BlockThreads, most);
        long iterations = ((values.Length - 1) / (4 * threads)) + 1;
        for (long iteration = 0; iteration < iterations; iteration++)
        {
            ulong counter = (offset / 4) + (ulong)iteration;
            for (long thread = 0; thread < threads && (iteration * 4 * threads) + thread < values.Length; thread++)
            {
                (uint r0, uint r1, uint r2, uint r3) = Block((uint)counter, (uint)(counter >> 32), (uint)thread, 0, seed);
                long at = thread + (iteration * 4 * threads);
                (double n0, double n1) = BoxMuller(CudaUniform(r0), (r1 + 0.5) * Unit);
                (double n2, double n3) = BoxMuller(CudaUniform(r2), (r3 + 0.5) * Unit);
                Scatter(values, at, n0);
                Scatter(values, at + threads, n1);
                Scatter(values, at + (2 * threads), n2);
                Scatter(values, at + (3 * threads), n3);
            }
        }

        return offset + (4 * (ulong)iterations);
    }

    private static void Scatter(Span<float> values, long at, double value)
    {
        if (at < values.Length)
        {
            values[(int)at] = (float)value;
        }
    }

    // cuRAND's uniform in (0, 1]: product and sum are float.
    private static double CudaUniform(uint word) => ((float)word * (float)Unit) + (float)(Unit / 2);

    private static (double Sine, double Cosine) BoxMuller(double radius, double angle)
    {
        double scale = Math.Sqrt(-2 * Math.Log(radius));
        (double sine, double cosine) = Math.SinCos(2 * Math.PI * angle);
        return (scale * sine, scale * cosine);
    }
}
