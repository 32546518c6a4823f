using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Cuda;

public sealed unsafe partial class CudaDevice
{
    private readonly LaunchWatch? _watch;

    /// <summary>Whether <see cref="LookAt"/> does anything: asked before a name is put together, since every launch comes by.</summary>
    public bool LooksAtResults => _watch is { LooksAtResults: true };

    /// <summary>Where <c>RF_DEBUG=nan</c> asks for it: stops if a result has a value that is not finite.</summary>
    /// <param name="result">What was written.</param>
    /// <param name="by">Who wrote it.</param>
    /// <exception cref="NotFiniteNumberException">It has; the message names who wrote it and the element.</exception>
    public void LookAt(Tensor result, string by)
    {
        if (!LooksAtResults || Current.IsCapturing || result.DType is not (DType.F32 or DType.BF16 or DType.F16))
        {
            return;
        }

        float[] values = result.ToFloats();
        int at = Array.FindIndex(values, static value => !float.IsFinite(value));
        if (at >= 0)
        {
            throw new NotFiniteNumberException($"{by} on {Name}: element {at:N0} of its result {result.Shape} of {result.DType} is {values[at]}; RF_DEBUG=nan stops at the first such result.", values[at]);
        }
    }

    // An error that the device has met is reported by whoever waits next, so a watched launch is waited for at once.
    private void Watch(CudaQueue queue, string what)
    {
        if (_watch is not { } watch)
        {
            return;
        }

        watch.Tell($"{Name} queue {queue.Number}: {what}");
        if (watch.WaitsForEach && !queue.IsCapturing)
        {
            Require(_driver.SynchronizeStream(queue.Stream), "cuStreamSynchronize", $"Waiting for {what}, as RF_DEBUG asks.");
        }
    }
}
