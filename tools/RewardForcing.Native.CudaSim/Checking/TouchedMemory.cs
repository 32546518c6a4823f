using System.Numerics;
using RewardForcing.Native.CudaSim.Execution;

namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>Which words of which allocations a launch read and wrote.</summary>
internal sealed class TouchedMemory
{
    private const int WordBits = 2;
    private readonly Dictionary<Allocation, (ulong[] Read, ulong[] Written)> _words = [];
    private Allocation? _last;
    private (ulong[] Read, ulong[] Written) _lastWords;

    /// <summary>Remembers an access within an allocation.</summary>
    public void Add(Allocation allocation, ulong address, int bytes, AccessKind kind)
    {
        if (_last != allocation)
        {
            int count = checked((int)(((allocation.Bytes >> WordBits) >> 6) + 1));
            if (!_words.TryGetValue(allocation, out _lastWords))
            {
                _words[allocation] = _lastWords = (new ulong[count], new ulong[count]);
            }

            _last = allocation;
        }

        ulong offset = address - allocation.Address;
        for (ulong word = offset >> WordBits; word <= (offset + (ulong)bytes - 1) >> WordBits; word++)
        {
            if (kind is not (AccessKind.Write or AccessKind.StrongWrite))
            {
                _lastWords.Read[word >> 6] |= 1UL << (int)(word & 63);
            }

            if (kind is AccessKind.Write or AccessKind.StrongWrite or AccessKind.Atomic)
            {
                _lastWords.Written[word >> 6] |= 1UL << (int)(word & 63);
            }
        }
    }

    /// <summary>The uses, in runs of words.</summary>
    public IEnumerable<MemoryUse> Uses() => _words.SelectMany(static entry => Runs(entry.Key, entry.Value.Read, false).Concat(Runs(entry.Key, entry.Value.Written, true)));

    private static IEnumerable<MemoryUse> Runs(Allocation allocation, ulong[] words, bool written)
    {
        ulong count = (ulong)words.Length << 6;
        for (ulong first = Next(words, 0, true); first < count;)
        {
            ulong end = Next(words, first, false);
            yield return new MemoryUse(allocation, first << WordBits, Math.Min(end << WordBits, allocation.Bytes), written);
            first = Next(words, end, true);
        }
    }

    // The first bit from a place on that is set, or that is not.
    private static ulong Next(ulong[] words, ulong from, bool set)
    {
        for (ulong word = from >> 6; word < (ulong)words.Length; word++)
        {
            ulong bits = (set ? words[word] : ~words[word]) & (word == from >> 6 ? ulong.MaxValue << (int)(from & 63) : ulong.MaxValue);
            if (bits != 0)
            {
                return (word << 6) + (ulong)BitOperations.TrailingZeroCount(bits);
            }
        }

        return (ulong)words.Length << 6;
    }
}
