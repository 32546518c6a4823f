namespace RewardForcing.Native.Training;

/// <summary>The timesteps that teacher and critic are asked at.</summary>
/// <param name="Shift">Moves them towards noise; 5 in Reward Forcing, 1 for none.</param>
/// <param name="Lowest">The smallest, 20.</param>
/// <param name="Highest">The largest, 980.</param>
/// <remarks>Spec: training 3.1.</remarks>
public readonly record struct ScoreTimesteps(float Shift, float Lowest = 20, float Highest = 980)
{
    private const float Whole = 1000;

    /// <summary>Turns a uniform draw into a timestep: shifted, then clamped. Every step is rounded to float, as the reference does: networks see the last bit.</summary>
    /// <param name="draw">0 to 999.</param>
    public float Of(int draw)
    {
        float share = draw / Whole;
        float shifted = Shift > 1 ? Shift * share / (1 + ((Shift - 1) * share)) * Whole : draw;
        return Math.Clamp(shifted, Lowest, Highest);
    }
}
