namespace RewardForcing.Native.Training;

/// <summary>Stops a run whose loss or gradient is a thousand times what it was over the last steps: it will not come back.</summary>
internal sealed class LossGuard
{
    private const int Known = 50;
    private const double Factor = 1000;
    private static readonly string[] _watched = ["generator_loss", "generator_grad_norm", "critic_loss", "critic_grad_norm", "vae_loss", "vae_grad_norm"];
    private readonly Dictionary<string, Queue<double>> _last = new(StringComparer.Ordinal);

    /// <summary>Looks at a step.</summary>
    /// <param name="step">Steps made.</param>
    /// <param name="report">What it reports.</param>
    /// <exception cref="NotFiniteNumberException">A number has exploded.</exception>
    public void Check(long step, StepReport report)
    {
        foreach (string key in _watched)
        {
            if (!report.Values.TryGetValue(key, out double value))
            {
                continue;
            }

            if (!_last.TryGetValue(key, out Queue<double>? last))
            {
                _last.Add(key, last = new Queue<double>());
            }

            double size = Math.Abs(value), usual = last.Count == Known ? last.Average() : double.PositiveInfinity;
            if (!double.IsFinite(value) || size > Factor * Math.Max(usual, 1e-3))
            {
                throw new NotFiniteNumberException($"training: {key} of step {step} is {value:G4}, {(double.IsFinite(usual) ? $"over the {Known} steps before it was {usual:G4} on average" : "no number")}; lower the learning rate.", value);
            }

            last.Enqueue(size);
            if (last.Count > Known)
            {
                last.Dequeue();
            }
        }
    }
}
