using System.Text.Json.Nodes;

namespace RewardForcing.Native.Training;

/// <summary>Mean and standard deviation of the rewards seen so far, which bring rewards of any scale to mean 0 and deviation 1.</summary>
/// <param name="keep">Weight that what was seen before keeps with every reward, above 0 to 1; below 1 the statistics follow a student that gets better.</param>
/// <remarks>
/// West 1979. A reward counts in the statistics it is standardised by, so that of n rewards none is ever beyond <c>sqrt(n - 1)</c> and the first is 0.
/// VideoReward has constants of its own for this; see training 6.9.
/// </remarks>
public sealed class RunningStandard(double keep = 1)
{
    // Rewards that differ by less do so by rounding.
    private const double Smallest = 1e-9;

    private readonly double _keep = keep is > 0 and <= 1 ? keep
        : throw new ArgumentOutOfRangeException(nameof(keep), $"running standard: keep must be above 0 and at most 1, got {keep}.");

    private double _squares;

    /// <summary>Weight of all rewards together; their number where nothing is forgotten.</summary>
    public double Weight { get; private set; }

    /// <summary>Their mean.</summary>
    public double Mean { get; private set; }

    /// <summary>Their standard deviation; 0 before the second one.</summary>
    public double Deviation => Weight > 0 ? Math.Sqrt(Math.Max(0, _squares / Weight)) : 0;

    /// <summary>Takes in the rewards of a micro-batch and standardises them: <c>(reward - mean) / deviation</c>, 0 while all rewards are the same.</summary>
    /// <param name="rewards">Raw rewards.</param>
    /// <exception cref="NotFiniteNumberException">A reward is not finite; the statistics are as before.</exception>
    public IReadOnlyList<double> Standardise(IReadOnlyList<double> rewards)
    {
        foreach (double reward in rewards)
        {
            if (!double.IsFinite(reward))
            {
                throw new NotFiniteNumberException($"running standard: a reward is {reward}; the clip it judges is broken.", reward);
            }
        }

        foreach (double reward in rewards)
        {
            Weight = (_keep * Weight) + 1;
            double apart = reward - Mean;
            Mean += apart / Weight;
            _squares = (_keep * _squares) + (apart * (reward - Mean));
        }

        double deviation = Deviation;
        return [.. rewards.Select(reward => deviation > Smallest * Math.Max(1, Math.Abs(Mean)) ? (reward - Mean) / deviation : 0)];
    }

    /// <summary>Writes the statistics down for a checkpoint.</summary>
    public JsonObject Save() => new() { ["weight"] = Weight, ["mean"] = Mean, ["squares"] = _squares };

    /// <summary>Continues from what <see cref="Save"/> wrote, to the last bit.</summary>
    /// <param name="state">The object.</param>
    /// <exception cref="ArgumentException">A number is missing or impossible.</exception>
    public void Load(JsonObject state)
    {
        double[] values = Array.ConvertAll(new[] { "weight", "mean", "squares" }, name => state[name] is JsonValue value && value.TryGetValue(out double number) && double.IsFinite(number)
            ? number : throw new ArgumentException($"running standard: {name} must be a finite number, got {state[name]?.ToJsonString() ?? "nothing"}.", nameof(state)));
        if (values[0] < 0 || values[2] < 0)
        {
            throw new ArgumentException($"running standard: weight and squares must be 0 or more, got {values[0]} and {values[2]}.", nameof(state));
        }

        (Weight, Mean, _squares) = (values[0], values[1], values[2]);
    }
}
