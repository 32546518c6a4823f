using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>UniPC of order 2 with the "bh2" step function, predicting clean latents: corrects the last step with each new prediction, then predicts.</summary>
/// <remarks>
/// Zhao et al. 2023, "UniPC: a unified predictor-corrector framework", for flow matching as in Wan 2.1. The correction does not ask the
/// network again; the first and the last step are of order 1. Spec: models 4.2.
/// </remarks>
public sealed class UniPcSolver : IFlowSolver
{
    // The schedule of the reference is made for shift 1 first; its largest noise level is 0.999 in float.
    private const float StartSigma = 0.999f;

    private readonly SolverTable _table;
    private OwnedTensor? _clean;
    private OwnedTensor? _earlierClean;
    private OwnedTensor? _last;
    private int _known;
    private int _order;

    /// <summary>Makes a solver.</summary>
    /// <param name="steps">Number of steps, at least 1.</param>
    /// <param name="shift">How far towards noise the steps are moved, above 0.</param>
    /// <exception cref="ArgumentException">A value is out of range.</exception>
    public UniPcSolver(int steps, float shift) => _table = SolverTable.Even(steps, shift, StartSigma);

    /// <inheritdoc/>
    public ReadOnlySpan<float> Sigmas => _table.Sigmas;

    /// <inheritdoc/>
    public ReadOnlySpan<float> Timesteps => _table.Timesteps;

    /// <inheritdoc/>
    public Tensor Step(Pass pass, Tensor flow, Tensor sample)
    {
        int step = _table.Next(flow, sample);
        using Scope scope = pass.BeginScope();
        Tensor clean = LinearCombination.Forward(pass, DType.F32, (1, sample), (-(double)Sigmas[step], flow));
        Tensor current = step == 0 ? sample : Correct(pass, clean, step);
        _order = Math.Min(Math.Min(2, _table.Steps - step), _known + 1);
        Tensor next = Predict(pass, current, clean, step);
        SolverTable.Keep(ref _last, current);
        (_earlierClean, _clean) = (_clean, _earlierClean);
        SolverTable.Keep(ref _clean, clean);
        _known = Math.Min(_known + 1, 2);
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
        _earlierClean?.Dispose();
        _last?.Dispose();
        (_clean, _earlierClean, _last, _known, _order) = (null, null, null, 0, 0);
    }

    // With m the clean predictions, x' the sample before the last prediction, E = exp(-h) - 1:
    //   order 1: x = (σ_i/σ_{i-1}) x' - α_i E m_{i-1} - α_i E ½ (m_i - m_{i-1})
    //   order 2: x = ... - α_i E (ρ₁ (m_{i-2} - m_{i-1}) / r + ρ₂ (m_i - m_{i-1})), where g = -h, φ₁ = E/g - 1, b₁ = φ₁/E,
    //            φ₂ = φ₁/g - ½, b₂ = 2 φ₂/E, ρ₁ = (b₁ - b₂)/(1 - r), ρ₂ = b₁ - ρ₁
    private Tensor Correct(Pass pass, Tensor clean, int step)
    {
        double h = _table.Lambda(step) - _table.Lambda(step - 1);
        double e = Math.Exp(-h) - 1;
        double scale = (1.0 - Sigmas[step]) * e;
        double ratio = (double)Sigmas[step] / Sigmas[step - 1];
        if (_order == 1)
        {
            return LinearCombination.Forward(pass, DType.F32, (ratio, _last!.Value), (-0.5 * scale, _clean!.Value), (-0.5 * scale, clean));
        }

        double r = (_table.Lambda(step - 2) - _table.Lambda(step - 1)) / h;
        double first = (e / -h) - 1;
        double second = (first / -h) - 0.5;
        double b1 = first / e;
        double b2 = 2 * second / e;
        double rho1 = (b1 - b2) / (1 - r);
        double rho2 = b1 - rho1;
        return LinearCombination.Forward(
            pass,
            DType.F32,
            (ratio, _last!.Value),
            (-scale * (1 - (rho1 / r) - rho2), _clean!.Value),
            (-scale * rho1 / r, _earlierClean!.Value),
            (-scale * rho2, clean));
    }

    // y = (σ_{i+1}/σ_i) x - α_{i+1} E m_i, and at order 2 also - α_{i+1} E ½ (m_{i-1} - m_i) / r
    private Tensor Predict(Pass pass, Tensor current, Tensor clean, int step)
    {
        double h = _table.Lambda(step + 1) - _table.Lambda(step);
        double scale = (1.0 - Sigmas[step + 1]) * (Math.Exp(-h) - 1);
        double ratio = (double)Sigmas[step + 1] / Sigmas[step];
        if (_order == 1)
        {
            return LinearCombination.Forward(pass, DType.F32, (ratio, current), (-scale, clean));
        }

        double half = 0.5 * h / (_table.Lambda(step - 1) - _table.Lambda(step));
        return LinearCombination.Forward(pass, DType.F32, (ratio, current), (-scale * (1 - half), clean), (-scale * half, _clean!.Value));
    }
}
