namespace RewardForcing.Native.Tensors;

/// <summary>Work of a device that is recorded while it runs and can then be run again as it was.</summary>
internal interface IRecordedWork : IDisposable
{
    /// <summary>Whether it has been recorded.</summary>
    bool CanReplay { get; }

    /// <summary>Runs the work by its body: the first time as it comes, the second time recorded.</summary>
    /// <param name="body">Gives the work to the device; memory it takes comes from blocks of its own.</param>
    OwnedTensor[] Run(Func<OwnedTensor[]> body);

    /// <summary>Runs what was recorded.</summary>
    void Replay();
}
