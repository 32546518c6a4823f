namespace RewardForcing.Native.Generation;

/// <summary>Noise levels of flow matching, <c>x_σ = (1 - σ) x0 + σ ε</c>, as a table from the most to the least noise.</summary>
/// <remarks>
/// <c>σ = shift · s / (1 + (shift - 1) s)</c> for s from 1 down, timestep <c>t = 1000 σ</c>. The tables have the bits of the
/// reference's, whose linspace works in float, eight lanes at a time. Spec: models 4.1.
/// </remarks>
public sealed class FlowMatchSchedule
{
    /// <summary>Timesteps go from 0 to this.</summary>
    public const int TrainTimesteps = 1000;

    private const int Lanes = 8;
    private const int Unroll = 2;

    private readonly float[] _sigmas;
    private readonly float[] _timesteps;
    private readonly float[] _weights;

    /// <summary>Builds the tables.</summary>
    /// <param name="shift">How far towards noise the steps are moved, above 0; 1 leaves them evenly spaced.</param>
    /// <param name="steps">Entries of the tables.</param>
    /// <param name="sigmaMin">Noise level at the end of the range, before the shift.</param>
    /// <param name="extraOneStep">Whether the end of the range is left out, as everything but the library's defaults does.</param>
    /// <exception cref="ArgumentException">A value is out of range.</exception>
    public FlowMatchSchedule(float shift, int steps = TrainTimesteps, float sigmaMin = 0, bool extraOneStep = true)
    {
        if (!(shift > 0) || !float.IsFinite(shift))
        {
            throw new ArgumentException($"schedule: the timestep shift must be a number above 0, got {shift}.", nameof(shift));
        }

        if (steps is < 1 or > 1_000_000)
        {
            throw new ArgumentException($"schedule: the number of steps must be from 1 to 1,000,000, got {steps}.", nameof(steps));
        }

        Shift = shift;
        float[] even = Linspace(1, sigmaMin, extraOneStep ? steps + 1 : steps);
        _sigmas = new float[steps];
        _timesteps = new float[steps];
        for (int i = 0; i < steps; i++)
        {
            _sigmas[i] = shift * even[i] / (1 + ((shift - 1) * even[i]));
            _timesteps[i] = _sigmas[i] * TrainTimesteps;
        }

        _weights = Weights(_timesteps);
    }

    /// <summary>How far towards noise the steps are moved.</summary>
    public float Shift { get; }

    /// <summary>Noise levels, 1 and less.</summary>
    public ReadOnlySpan<float> Sigmas => _sigmas;

    /// <summary>Timesteps, 1000 and less.</summary>
    public ReadOnlySpan<float> Timesteps => _timesteps;

    /// <summary>Weights of the training loss: a bell over the timesteps whose mean is about 1.</summary>
    public ReadOnlySpan<float> TrainingWeights => _weights;

    /// <summary>Finds the entry whose timestep is nearest; the first of equally near ones. So timestep 0 has the last entry, not noise level 0.</summary>
    /// <param name="timestep">0 to 1000.</param>
    public int IndexOf(float timestep)
    {
        int best = 0;
        for (int i = 1; i < _timesteps.Length; i++)
        {
            if (MathF.Abs(_timesteps[i] - timestep) < MathF.Abs(_timesteps[best] - timestep))
            {
                best = i;
            }
        }

        return best;
    }

    /// <summary>Noise level of the nearest entry.</summary>
    /// <param name="timestep">0 to 1000.</param>
    public float SigmaOf(float timestep) => _sigmas[IndexOf(timestep)];

    /// <summary>Training weight of the nearest entry.</summary>
    /// <param name="timestep">0 to 1000.</param>
    public float TrainingWeightOf(float timestep) => _weights[IndexOf(timestep)];

    /// <summary>Turns a denoising step list, given as if steps were even, into timesteps of this schedule: <c>t[1000 - step]</c>, and 0 for 0.</summary>
    /// <param name="steps">Whole numbers from 0 to 1000.</param>
    /// <exception cref="ArgumentException">A step is out of range, or the schedule has not 1000 entries.</exception>
    public float[] Warp(ReadOnlySpan<int> steps)
    {
        if (_timesteps.Length != TrainTimesteps)
        {
            throw new ArgumentException($"schedule: steps are warped on {TrainTimesteps} entries, this schedule has {_timesteps.Length}.", nameof(steps));
        }

        var warped = new float[steps.Length];
        for (int i = 0; i < steps.Length; i++)
        {
            warped[i] = steps[i] is >= 0 and <= TrainTimesteps
                ? steps[i] == 0 ? 0 : _timesteps[TrainTimesteps - steps[i]]
                : throw new ArgumentException($"schedule: denoising steps must be from 0 to {TrainTimesteps}, got {steps[i]}.", nameof(steps));
        }

        return warped;
    }

    /// <summary>How far an Euler step goes from each timestep: <c>σ_{i+1} - σ_i</c>, with 0 behind the last entry.</summary>
    /// <param name="timesteps">One for each sample of a batch.</param>
    /// <remarks>As in the reference, one sample at the last entry makes 0 the target of the whole batch.</remarks>
    public float[] EulerSteps(ReadOnlySpan<float> timesteps)
    {
        var indices = new int[timesteps.Length];
        bool last = false;
        for (int i = 0; i < indices.Length; i++)
        {
            indices[i] = IndexOf(timesteps[i]);
            last |= indices[i] == _sigmas.Length - 1;
        }

        return Array.ConvertAll(indices, index => (last ? 0 : _sigmas[index + 1]) - _sigmas[index]);
    }

    // The order of operations of the reference's vectorised float linspace on a machine with eight lanes: the base of a vector is one
    // fused multiply-add from the nearer end, its lanes are a rounded product and a sum. Spec: models 4.1 (differs by 7.6e-8 otherwise).
    private static float[] Linspace(float start, float end, int count)
    {
        var values = new float[count];
        float step = count == 1 ? 0 : (end - start) / (count - 1);
        float Point(int i) => i < count / 2
            ? MathF.FusedMultiplyAdd(step, i, start)
            : MathF.FusedMultiplyAdd(-step, count - i - 1, end);
        int vectorised = count / (Lanes * Unroll) * (Lanes * Unroll);
        for (int i = 0; i < count; i++)
        {
            values[i] = i < vectorised ? Point(i / Lanes * Lanes) + (step * (i % Lanes)) : Point(i);
        }

        return values;
    }

    private static float[] Weights(ReadOnlySpan<float> timesteps)
    {
        double[] bell = new double[timesteps.Length];
        double least = double.MaxValue;
        for (int i = 0; i < bell.Length; i++)
        {
            double distance = (timesteps[i] - (bell.Length / 2.0)) / bell.Length;
            bell[i] = Math.Exp(-2 * distance * distance);
            least = Math.Min(least, bell[i]);
        }

        double sum = 0;
        foreach (double value in bell)
        {
            sum += value - least;
        }

        return Array.ConvertAll(bell, value => sum > 0 ? (float)((value - least) * bell.Length / sum) : 0);
    }
}
