namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>Copies out of shared memory that a thread has started, in groups.</summary>
internal sealed class BulkGroups
{
    private readonly Queue<List<BulkCopy>> _committed = [];
    private List<BulkCopy> _open = [];

    /// <summary>Adds a copy to the group that is open.</summary>
    public void Add(BulkCopy copy) => _open.Add(copy);

    /// <summary>Closes the group.</summary>
    public void Commit()
    {
        _committed.Enqueue(_open);
        _open = [];
    }

    /// <summary>Takes the groups that waiting for all but the newest ones completes, oldest first.</summary>
    public IEnumerable<BulkCopy> TakeAllBut(int pending)
    {
        while (_committed.Count > pending)
        {
            foreach (BulkCopy copy in _committed.Dequeue())
            {
                yield return copy;
            }
        }
    }
}
