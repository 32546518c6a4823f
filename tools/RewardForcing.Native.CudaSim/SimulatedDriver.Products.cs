using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim.Runtime;

namespace RewardForcing.Native.CudaSim;

/// <content>Matrix products, which are work of a stream like any other.</content>
public sealed partial class SimulatedDriver
{
    internal BlasStatus Refuse(BlasStatus status, string why)
    {
        _lastDetail = why;
        return status;
    }

    internal BlasStatus Multiply(SimulatedContext context, MatrixProduct product, nint stream)
    {
        CuResult result = InContext(nameof(Multiply), CallRule.None, current =>
            current != context ? Fail(CuResult.InvalidContext, "A matrix product needs the context it was opened on.")
            : StreamOf(context, stream) is not SimulatedStream on ? Invalid(stream, "stream")
            : product.Misused() is string problem ? Fail(CuResult.InvalidValue, problem)
            : Give(on, new StreamWork(product.Name, _options.SkipsKernels ? static () => { }
        : product.Run)));
        return result switch
        {
            CuResult.Success => BlasStatus.Success,
            CuResult.InvalidValue or CuResult.InvalidHandle => BlasStatus.InvalidValue,
            CuResult.InvalidContext or CuResult.NotInitialized => BlasStatus.NotInitialized,
            CuResult.OutOfMemory => BlasStatus.AllocationFailed,
            CuResult.NotSupported => BlasStatus.NotSupported,
            _ => BlasStatus.ExecutionFailed,
        };
    }

    internal void Closed(SimulatedBlas blas)
    {
        lock (_gate)
        {
            foreach ((nint handle, SimulatedBlas value) in _handles.All<SimulatedBlas>())
            {
                if (ReferenceEquals(value, blas))
                {
                    _handles.Remove(handle);
                }
            }
        }
    }
}
