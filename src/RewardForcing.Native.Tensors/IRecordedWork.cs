namespace RewardForcing.Native.Tensors;

/// <summary>Work of a device that can be run again as it was recorded.</summary>
internal interface IRecordedWork : IDisposable
{
    /// <summary>Runs it again.</summary>
    void Replay();
}
