using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Euler's method on a <see cref="FlowMatchSchedule"/>: <c>y = x + v (σ_{i+1} - σ_i)</c>. Timesteps are not cut to whole numbers.</summary>
/// <remarks>Spec: models 4.1.</remarks>
public sealed class EulerSolver : IFlowSolver
{
    private readonly SolverTable _table;

    /// <summary>Makes a solver.</summary>
    /// <param name="steps">Number of steps, at least 1.</param>
    /// <param name="shift">How far towards noise the steps are moved, above 0.</param>
    /// <exception cref="ArgumentException">A value is out of range.</exception>
    public EulerSolver(int steps, float shift)
    {
        FlowMatchSchedule schedule = new(shift, steps);
        _table = new SolverTable([.. schedule.Sigmas, 0], schedule.Timesteps.ToArray());
    }

    /// <inheritdoc/>
    public ReadOnlySpan<float> Sigmas => _table.Sigmas;

    /// <inheritdoc/>
    public ReadOnlySpan<float> Timesteps => _table.Timesteps;

    /// <inheritdoc/>
    public Tensor Step(Pass pass, Tensor flow, Tensor sample)
    {
        int step = _table.Next(flow, sample);
        return LinearCombination.Forward(pass, DType.F32, (1, sample), ((double)Sigmas[step + 1] - Sigmas[step], flow));
    }

    /// <inheritdoc/>
    public void Reset() => _table.Reset();

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
