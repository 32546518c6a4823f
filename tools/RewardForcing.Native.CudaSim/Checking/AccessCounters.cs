namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>Counts of memory accesses, by instruction.</summary>
/// <param name="instructions">Instructions of the kernel.</param>
internal sealed class AccessCounters(int instructions)
{
    /// <summary>Groups of lanes whose shared accesses could be served at once.</summary>
    public readonly long[] SharedPhases = new long[instructions + 1];

    /// <summary>Passes through the banks that they need.</summary>
    public readonly long[] SharedWavefronts = new long[instructions + 1];

    /// <summary>Bytes of shared memory used.</summary>
    public readonly long[] SharedBytes = new long[instructions + 1];

    /// <summary>Warp accesses to global memory.</summary>
    public readonly long[] Requests = new long[instructions + 1];

    /// <summary>32-byte sectors that they touch.</summary>
    public readonly long[] Sectors = new long[instructions + 1];

    /// <summary>Bytes of global memory used.</summary>
    public readonly long[] GlobalBytes = new long[instructions + 1];

    /// <summary>Counts a shared access: 32 lanes of up to 4 bytes, 16 of 8 or 8 of 16 go together, and two words of one bank need two passes.</summary>
    public unsafe void Shared(int instruction, ulong* addresses, uint mask, int bytes)
    {
        int together = bytes >= 16 ? 8 : bytes == 8 ? 16 : 32;
        uint* words = stackalloc uint[64];
        int* counts = stackalloc int[32];
        for (int first = 0; first < 32; first += together)
        {
            uint lanes = mask & (uint)(((1UL << together) - 1) << first);
            if (lanes == 0)
            {
                continue;
            }

            int known = 0, most = 1;
            new Span<int>(counts, 32).Clear();
            for (uint left = lanes; left != 0; left &= left - 1)
            {
                int lane = System.Numerics.BitOperations.TrailingZeroCount(left);
                for (var word = (uint)(addresses[lane] >> 2); word <= (uint)((addresses[lane] + (ulong)bytes - 1) >> 2); word++)
                {
                    if (new ReadOnlySpan<uint>(words, known).Contains(word))
                    {
                        continue;
                    }

                    words[known++] = word;
                    most = Math.Max(most, ++counts[word & 31]);
                }
            }

            SharedPhases[instruction]++;
            SharedWavefronts[instruction] += most;
        }

        SharedBytes[instruction] += (long)System.Numerics.BitOperations.PopCount(mask) * bytes;
    }

    /// <summary>Counts a row of a bulk copy.</summary>
    public void Bulk(int instruction, ulong address, int bytes)
    {
        Requests[instruction]++;
        Sectors[instruction] += (long)(((address + (ulong)bytes - 1) >> 5) - (address >> 5)) + 1;
        GlobalBytes[instruction] += bytes;
    }

    /// <summary>Counts a global access.</summary>
    public unsafe void Global(int instruction, ulong* addresses, uint mask, int bytes)
    {
        ulong* sectors = stackalloc ulong[64];
        int known = 0;
        for (uint left = mask; left != 0; left &= left - 1)
        {
            ulong address = addresses[System.Numerics.BitOperations.TrailingZeroCount(left)];
            for (ulong sector = address >> 5; sector <= (address + (ulong)bytes - 1) >> 5; sector++)
            {
                if ((known == 0 || sectors[known - 1] != sector) && !new ReadOnlySpan<ulong>(sectors, known).Contains(sector))
                {
                    sectors[known++] = sector;
                }
            }
        }

        Requests[instruction]++;
        Sectors[instruction] += known;
        GlobalBytes[instruction] += (long)System.Numerics.BitOperations.PopCount(mask) * bytes;
    }
}
