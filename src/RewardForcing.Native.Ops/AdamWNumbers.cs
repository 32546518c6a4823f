namespace RewardForcing.Native.Ops;

/// <summary>What a step of AdamW multiplies by, computed in double and rounded once.</summary>
internal readonly struct AdamWNumbers
{
    public AdamWNumbers(AdamWSettings settings, long step, double gradFactor)
    {
        GradFactor = (float)gradFactor;
        Keep = (float)(1 - (settings.LearningRate * settings.WeightDecay));
        Rate = (float)(settings.LearningRate / (1 - Math.Pow(settings.Beta1, step)));
        Beta1 = (float)settings.Beta1;
        Rest1 = (float)(1 - settings.Beta1);
        Beta2 = (float)settings.Beta2;
        Rest2 = (float)(1 - settings.Beta2);
        InverseRoot = (float)(1 / Math.Sqrt(1 - Math.Pow(settings.Beta2, step)));
        Eps = (float)settings.Eps;
    }

    public float GradFactor { get; }

    public float Keep { get; }

    public float Rate { get; }

    public float Beta1 { get; }

    public float Rest1 { get; }

    public float Beta2 { get; }

    public float Rest2 { get; }

    public float InverseRoot { get; }

    public float Eps { get; }
}
