using System.Globalization;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Weights of clips by their reward, in double and in the reference's types.</summary>
public sealed class RewardWeightRunner : GoldenRunner
{
    private const string Precise = "out.weight_f64.beta";
    private const string Rounded = "out.weight_bf16.beta";

    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => file.Has("in.MQ") && file.Names.Any(static name => name.StartsWith(Precise, StringComparison.Ordinal));

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        float[] rewards = file.Floats("in.MQ");
        foreach (string name in file.Names.Where(static name => name.StartsWith(Precise, StringComparison.Ordinal)))
        {
            double beta = Beta(name, Precise);
            yield return new Comparison(name, Furthest(file.Floats(name), Array.ConvertAll(rewards, reward => (float)RewardWeight.Of(beta, reward))), 1e-6);
        }

        // One unit in the last place of bfloat16 is at most 2^-7 of the number.
        foreach (string name in file.Names.Where(static name => name.StartsWith(Rounded, StringComparison.Ordinal)))
        {
            double beta = Beta(name, Rounded);
            yield return new Comparison(name, Furthest(file.Floats(name), Array.ConvertAll(rewards, reward => (float)RewardWeight.Rounded(beta, reward))), 1.0 / 128);
        }
    }

    // "0.666667" stands for two thirds.
    private static double Beta(string name, string prefix)
    {
        double beta = double.Parse(name[prefix.Length..], CultureInfo.InvariantCulture);
        return Math.Abs(beta - (2.0 / 3)) < 1e-6 ? 2.0 / 3 : beta;
    }

    private static double Furthest(float[] expected, float[] actual) =>
        expected.Zip(actual).Max(static pair => pair.First == pair.Second ? 0 : Math.Abs((double)pair.Second - pair.First) / Math.Abs(pair.First));
}
