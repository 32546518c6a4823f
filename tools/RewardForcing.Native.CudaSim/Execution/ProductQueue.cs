namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>Warpgroup products that a warp has started, and the registers they use while they are under way.</summary>
internal sealed class ProductQueue
{
    private readonly Dictionary<int, int> _groupOf = [];
    private readonly Dictionary<int, int> _readerOf = [];
    private int _started;

    /// <summary>Groups that were committed.</summary>
    public int Committed { get; private set; }

    /// <summary>Groups that are known to be done.</summary>
    public int Done { get; private set; }

    /// <summary>Moment of the tensor cores for what is started now: the number of the group that is open.</summary>
    public int Moment => Committed + 1;

    /// <summary>Starts a product, and returns its number.</summary>
    /// <param name="results">Registers that it writes.</param>
    /// <param name="factors">Registers that it reads.</param>
    public int Start(int[] results, int[] factors)
    {
        foreach (int register in results)
        {
            _groupOf[register] = Committed + 1;
        }

        foreach (int register in factors)
        {
            _readerOf[register] = Committed + 1;
        }

        return _started++;
    }

    /// <summary>Closes the open group.</summary>
    public void Commit() => Committed++;

    /// <summary>Groups up to a number are done.</summary>
    public void Finish(int done) => Done = Math.Max(Done, done);

    /// <summary>Whether a product that is under way writes a register.</summary>
    public bool Writes(int register) => _groupOf.TryGetValue(register, out int group) && group > Done;

    /// <summary>Whether a product that is under way reads a register.</summary>
    public bool Reads(int register) => _readerOf.TryGetValue(register, out int group) && group > Done;

    /// <summary>Makes it new.</summary>
    public void Reset()
    {
        _groupOf.Clear();
        _readerOf.Clear();
        (_started, Committed, Done) = (0, 0, 0);
    }
}
