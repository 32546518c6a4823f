namespace RewardForcing.Native.Training;

/// <summary>What a learning rate is multiplied by: it rises in a line, then falls along half a cosine and stays.</summary>
/// <param name="Warmup">Steps until the whole rate is reached; 0 starts with it.</param>
/// <param name="Decay">Steps from there to the last share; 0 never falls.</param>
/// <param name="Last">The share it ends with, 0 to 1.</param>
public readonly record struct RateSchedule(long Warmup, long Decay, double Last)
{
    /// <summary>The whole rate, always.</summary>
    public static RateSchedule Constant { get; } = new(0, 0, 1);

    /// <summary>The factor of a step.</summary>
    /// <param name="step">Number of the step, from 0.</param>
    public double Factor(long step)
    {
        if (step < Warmup)
        {
            return (step + 1.0) / Warmup;
        }

        double share = Decay > 0 ? Math.Min(1, (step - Warmup) / (double)Decay) : 0;
        return Last + ((1 - Last) * 0.5 * (1 + Math.Cos(Math.PI * share)));
    }
}
