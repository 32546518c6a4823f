using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim.Runtime;

namespace RewardForcing.Native.CudaSim;

/// <summary>Matrix products with the meaning of cuBLASLt, in the memory of a simulated device. Sums are binary32.</summary>
/// <remarks>
/// What cuBLASLt does not take is not proposed; <see cref="SimulatedDriver.LastDetail"/> says why. Of two proposals the first wants scratch memory, which is
/// filled with NaN.
/// </remarks>
public sealed class SimulatedBlas : CudaBlas
{
    private const ulong Scratch = 1 << 20;

    private readonly SimulatedDriver _driver;
    private bool _isDisposed;

    internal SimulatedBlas(SimulatedDriver driver, SimulatedContext context) => (_driver, Context) = (driver, context);

    /// <inheritdoc/>
    public override string Version => "simulated cuBLASLt 12.4";

    internal SimulatedContext Context { get; }

    /// <inheritdoc/>
    public override BlasStatus Propose(in BlasProduct product, in BlasAlignment alignment, ulong workspaceBytes, Span<BlasAlgorithm> algorithms, out int count)
    {
        count = 0;
        if (_isDisposed)
        {
            return BlasStatus.NotInitialized;
        }

        if (algorithms.IsEmpty)
        {
            return BlasStatus.InvalidValue;
        }

        string? why = BlasRules.Inconsistent(product);
        if (why is not null)
        {
            return _driver.Refuse(BlasStatus.InvalidValue, why);
        }

        why = BlasRules.Unsupported(product, alignment, Context.Profile);
        if (why is not null)
        {
            return _driver.Refuse(BlasStatus.NotSupported, why);
        }

        foreach (ulong bytes in workspaceBytes >= Scratch ? new[] { Scratch, 0UL } : [0UL])
        {
            if (count < algorithms.Length)
            {
                algorithms[count++] = BlasRules.Algorithm(product, alignment, bytes);
            }
        }

        return BlasStatus.Success;
    }

    /// <inheritdoc/>
    public override BlasStatus Multiply(in BlasProduct product, in BlasAlgorithm algorithm, in BlasOperands operands, nint stream)
    {
        if (_isDisposed)
        {
            return BlasStatus.NotInitialized;
        }

        string? why = BlasRules.Inconsistent(product) ?? BlasRules.Misused(product, algorithm, operands);
        return why is null
            ? _driver.Multiply(Context, new MatrixProduct(Context, product, operands, algorithm.WorkspaceBytes), stream)
            : _driver.Refuse(BlasStatus.InvalidValue, why);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _driver.Closed(this);
        }
    }
}
