namespace RewardForcing.Native.Tensors;

/// <summary>A pass that was run once and can be run again on the same tensors with other contents, at less cost where the device can replay work.</summary>
/// <remarks>
/// <para>
/// The body reads tensors that live outside, its inputs; before <see cref="Replay"/> their contents may be changed, their places may not. It must do the
/// same work every time: no choices by contents, no host values that change. Numbers that change are read from a tensor.
/// </para>
/// <para>
/// A CUDA device replays a graph: all memory of the pass stays reserved for it. On the processor the body simply runs again. Belongs to the
/// thread that recorded it.
/// </para>
/// </remarks>
public sealed class CapturedPass : IDisposable
{
    private readonly Device _device;
    private readonly Func<Pass, Tensor[]> _body;
    private readonly IRecordedWork? _work;
    private OwnedTensor[] _outputs;

    private CapturedPass(Device device, Func<Pass, Tensor[]> body)
    {
        (_device, _body) = (device, body);
        _work = device.Record(() => Run(device, body), out _outputs);
        if (_work is null)
        {
            _outputs = Run(device, body);
        }
    }

    /// <summary>Results of the last run; their places do not change.</summary>
    public IReadOnlyList<Tensor> Outputs => Array.ConvertAll(_outputs, static output => output.Value);

    /// <summary>Runs a body and records it. Where the device replays, it is run twice: once to load kernels and size memory, once recorded.</summary>
    /// <param name="device">Where.</param>
    /// <param name="body">What; its results are owned by this object.</param>
    /// <returns>The pass, its outputs already computed.</returns>
    /// <exception cref="InvalidOperationException">The body reads from the host, writes to it or waits for the device, which cannot be recorded.</exception>
    public static CapturedPass Record(Device device, Func<Pass, Tensor[]> body) => new(device, body);

    /// <summary>Runs it again on what the inputs hold now.</summary>
    public void Replay()
    {
        if (_work is not null)
        {
            _work.Replay();
            return;
        }

        OwnedTensor[] again = Run(_device, _body);
        for (int i = 0; i < again.Length; i++)
        {
            using (again[i])
            {
                _outputs[i].Value.CopyFrom(again[i].Value);
            }
        }
    }

    /// <summary>Releases the outputs and the memory of the pass.</summary>
    public void Dispose()
    {
        Array.ForEach(_outputs, static output => output.Dispose());
        _outputs = [];
        _work?.Dispose();
    }

    private static OwnedTensor[] Run(Device device, Func<Pass, Tensor[]> body)
    {
        using Pass pass = Pass.Inference(device);
        return Array.ConvertAll(body(pass), pass.Detach);
    }
}
