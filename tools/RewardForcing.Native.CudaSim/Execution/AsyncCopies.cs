namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>Copies from global to shared memory (<c>cp.async</c>) that a warp has started and not waited for, oldest first.</summary>
internal sealed unsafe class AsyncCopies
{
    /// <summary>One instruction of a warp: up to 16 bytes for every lane.</summary>
    public struct Copy
    {
        /// <summary>Lanes that copy.</summary>
        public uint Mask;

        /// <summary>Bytes written by every lane.</summary>
        public int Size;

        /// <summary>Group it was committed to; <see cref="int.MaxValue"/> before.</summary>
        public int Group;

        /// <summary>Shared addresses by lane.</summary>
        public fixed uint Target[Lanes.Count];

        /// <summary>What is written, 16 bytes a lane.</summary>
        public fixed byte Bytes[Lanes.Count * 16];
    }

    private Copy[] _copies = new Copy[16];
    private int _first;
    private int _count;
    private int _group;

    /// <summary>Copies under way.</summary>
    public int Count => _count;

    /// <summary>Room for another copy.</summary>
    public ref Copy Add()
    {
        if (_count == _copies.Length)
        {
            var grown = new Copy[2 * _copies.Length];
            for (int i = 0; i < _count; i++)
            {
                grown[i] = _copies[(_first + i) % _copies.Length];
            }

            (_copies, _first) = (grown, 0);
        }

        ref Copy copy = ref _copies[(_first + _count++) % _copies.Length];
        copy.Group = _group;
        return ref copy;
    }

    /// <summary>Closes the group of the copies added since the last one.</summary>
    public void Commit() => _group++;

    /// <summary>Oldest copy that waiting for all but the newest groups completes, or null.</summary>
    /// <param name="pending">Committed groups that may stay under way; -1 to wait for everything, committed or not.</param>
    public bool TryOldest(int pending, out int index)
    {
        index = _first;
        return _count > 0 && (pending < 0 || _copies[_first].Group < _group - pending);
    }

    /// <summary>A copy by its index.</summary>
    public ref Copy At(int index) => ref _copies[index];

    /// <summary>Forgets the oldest copy.</summary>
    public void RemoveOldest()
    {
        _first = (_first + 1) % _copies.Length;
        _count--;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear() => (_first, _count, _group) = (0, 0, 0);
}
