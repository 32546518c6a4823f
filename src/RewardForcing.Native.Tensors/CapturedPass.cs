namespace RewardForcing.Native.Tensors;

/// <summary>A pass that is run again and again on the same tensors with other contents, at less cost where the device can replay work.</summary>
/// <remarks>
/// <para>
/// The body reads and writes tensors that live outside, and must do the same work every time: no choices by contents, no host values that
/// change, no reading back. Numbers that change are read from a tensor.
/// </para>
/// <para>
/// A CUDA device runs the work as it comes the first time, records it the second time as a graph, and replays that from then on. Each
/// <see cref="Run"/> has the effects of the body once. The memory of the pass stays reserved for it. On the processor the body simply runs. Belongs to
/// one thread, or to one after the other.
/// </para>
/// </remarks>
public sealed class CapturedPass : IDisposable
{
    private readonly Device _device;
    private readonly Func<Pass, Tensor[]> _body;
    private readonly IRecordedWork? _work;
    private OwnedTensor[] _outputs = [];

    /// <summary>Prepares a pass; nothing runs yet.</summary>
    /// <param name="device">Where.</param>
    /// <param name="body">What; its results belong to this object until the next run.</param>
    public CapturedPass(Device device, Func<Pass, Tensor[]> body) => (_device, _body, _work) = (device, body, device.BeginRecording());

    /// <summary>Runs the body once, or what was recorded of it.</summary>
    /// <param name="cancellation">Stops a run that is not a replay, between two layers.</param>
    /// <returns>Its results, valid until the next run.</returns>
    /// <exception cref="InvalidOperationException">The body reads from the host, writes to it or waits for the device, which cannot be recorded.</exception>
    public IReadOnlyList<Tensor> Run(CancellationToken cancellation = default)
    {
        if (_work is null)
        {
            Release();
            _outputs = Body(cancellation);
        }
        else if (_work.CanReplay)
        {
            _work.Replay();
        }
        else
        {
            _outputs = _work.Run(() =>
            {
                // Among the blocks of this pass, where the second run has to find all that the first one took.
                Release();
                return Body(cancellation);
            });
        }

        return Array.ConvertAll(_outputs, static output => output.Value);
    }

    /// <summary>Releases the results and the memory of the pass.</summary>
    public void Dispose()
    {
        Release();
        _work?.Dispose();
    }

    private OwnedTensor[] Body(CancellationToken cancellation)
    {
        using Pass pass = Pass.Inference(_device, cancellation);
        return Array.ConvertAll(_body(pass), pass.Detach);
    }

    private void Release()
    {
        Array.ForEach(_outputs, static output => output.Dispose());
        _outputs = [];
    }
}
