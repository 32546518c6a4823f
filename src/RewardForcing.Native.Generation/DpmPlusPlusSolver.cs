using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>DPM-Solver++ 2M with the midpoint rule, predicting clean latents.</summary>
/// <remarks>Lu et al. 2022, "DPM-Solver++", for flow matching as in Wan 2.1; the first and the last step are of order 1. Spec: models 4.3.</remarks>
public sealed class DpmPlusPlusSolver : IFlowSolver
{
    private readonly SolverTable _table;
    private OwnedTensor? _clean;

    /// <summary>Makes a solver.</summary>
    /// <param name="steps">Number of steps, at least 1.</param>
    /// <param name="shift">How far towards noise the steps are moved, above 0.</param>
    /// <exception cref="ArgumentException">A value is out of range.</exception>
    public DpmPlusPlusSolver(int steps, float shift) => _table = SolverTable.Even(steps, shift, 1);

    /// <inheritdoc/>
    public ReadOnlySpan<float> Sigmas => _table.Sigmas;

    /// <inheritdoc/>
    public ReadOnlySpan<float> Timesteps => _table.Timesteps;

    /// <inheritdoc/>
    public Tensor Step(Pass pass, Tensor flow, Tensor sample)
    {
        // y = (σ_{i+1}/σ_i) x - α_{i+1} E m_i, and at order 2 also - ½ α_{i+1} E (m_i - m_{i-1}) h/h₀, with E = exp(-h) - 1
        int step = _table.Next(flow, sample);
        using Scope scope = pass.BeginScope();
        Tensor clean = LinearCombination.Forward(pass, DType.F32, (1, sample), (-(double)Sigmas[step], flow));
        double h = _table.Lambda(step + 1) - _table.Lambda(step);
        double scale = (1.0 - Sigmas[step + 1]) * (Math.Exp(-h) - 1);
        double ratio = (double)Sigmas[step + 1] / Sigmas[step];
        double before = step == 0 ? double.PositiveInfinity : _table.Lambda(step) - _table.Lambda(step - 1);

        // The first noise level is 1, so the step behind it has an infinite h₀ and no second-order term.
        Tensor next = step == _table.Steps - 1 || double.IsInfinity(before)
            ? LinearCombination.Forward(pass, DType.F32, (ratio, sample), (-scale, clean))
            : LinearCombination.Forward(
                pass, DType.F32, (ratio, sample), (-scale * (1 + (0.5 * h / before)), clean), (scale * 0.5 * h / before, _clean!.Value));
        SolverTable.Keep(ref _clean, clean);
        return scope.Keep(next);
    }

    /// <inheritdoc/>
    public void Reset()
    {
        Dispose();
        _table.Reset();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _clean?.Dispose();
        _clean = null;
    }
}
