namespace RewardForcing.Native.Training;

/// <summary>The numbers of adversarial losses; the defaults are the reference's.</summary>
/// <remarks>Spec: training 3.8.</remarks>
public sealed record GanSettings
{
    /// <summary>Weight of the student's loss; key <c>gan_g_weight</c>.</summary>
    public double GeneratorWeight { get; init; } = 1e-2;

    /// <summary>Weight of the discriminator's loss; key <c>gan_d_weight</c>.</summary>
    public double DiscriminatorWeight { get; init; } = 1e-2;

    /// <summary>Whether clips are told apart in pairs; key <c>relativistic_discriminator</c>.</summary>
    public bool IsRelativistic { get; init; }

    /// <summary>Weight of the slope of the logits at real clips; key <c>r1_weight</c>.</summary>
    public double RealSlopeWeight { get; init; }

    /// <summary>Weight of the slope at generated clips; key <c>r2_weight</c>.</summary>
    public double FakeSlopeWeight { get; init; }

    /// <summary>Distance over which the slope at real clips is taken; key <c>r1_sigma</c>.</summary>
    public double RealSlopeDistance { get; init; } = 0.01;

    /// <summary>The same for generated clips; key <c>r2_sigma</c>.</summary>
    public double FakeSlopeDistance { get; init; } = 0.01;

    /// <summary>Refuses numbers no loss can have.</summary>
    /// <exception cref="ArgumentException">One is out of range.</exception>
    public void Validate()
    {
        foreach ((string key, double value) in new[] { ("gan_g_weight", GeneratorWeight), ("gan_d_weight", DiscriminatorWeight), ("r1_weight", RealSlopeWeight), ("r2_weight", FakeSlopeWeight) })
        {
            if (!(value >= 0 && double.IsFinite(value)))
            {
                throw new ArgumentException($"gan: {key} must be 0 or more, got {value}.");
            }
        }

        foreach ((string key, double value) in new[] { ("r1_sigma", RealSlopeDistance), ("r2_sigma", FakeSlopeDistance) })
        {
            if (!(value > 0 && double.IsFinite(value)))
            {
                throw new ArgumentException($"gan: {key} must be above 0, got {value}.");
            }
        }
    }
}
