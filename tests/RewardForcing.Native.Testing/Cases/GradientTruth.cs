using System.Collections.Concurrent;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary>Inputs of one sample and the derivative of its formula, found numerically in double: element by element, or along one direction where there are many.</summary>
/// <remarks>Inputs and the gradient of the result are numbers that bfloat16 can store, so one truth serves all element types.</remarks>
public sealed class GradientTruth
{
    private const double Step = 1e-5;
    private const int MostElements = 2000;
    private const int MostOfDirections = 40_000;

    private static readonly ConcurrentDictionary<string, Lazy<GradientTruth>> Known = new();

    private readonly OpSample _sample;
    private readonly Lazy<double[]?[]> _derivatives;

    /// <summary>Draws inputs and differentiates the formula.</summary>
    public GradientTruth(OpSample sample)
    {
        _sample = sample;
        Random random = new(1);
        Values = [.. sample.Inputs.Select(input => ElementValues.Draw(random, input, input.Kind == InputKind.Index ? DType.I32 : DType.BF16))];
        int results = Evaluate(Values).Length;
        Seed = [.. Enumerable.Range(0, results).Select(static i => ElementValues.Round(DType.BF16, Math.Cos(i)))];
        IsByElement = Count(sample) <= MostElements;
        Directions = [.. Values.Select((values, i) => Array.ConvertAll(values, _ => random.Next(2) == 0 ? -1.0 : 1.0))];

        // Not before an op has made gradients to compare.
        _derivatives = new(() => [.. sample.Inputs.Select((input, i) => input.Kind == InputKind.Index ? null : IsByElement ? ByElement(i) : [Along(i)])]);
    }

    /// <summary>Values of the inputs.</summary>
    public IReadOnlyList<double[]> Values { get; }

    /// <summary>Gradient of the result.</summary>
    public IReadOnlyList<double> Seed { get; }

    /// <summary>Whether every element is known; else only the derivative along <see cref="Directions"/>.</summary>
    public bool IsByElement { get; }

    /// <summary>For each input a direction of ones and minus ones.</summary>
    public IReadOnlyList<double[]> Directions { get; }

    /// <summary>Whether a sample is differentiated element by element.</summary>
    public static bool IsSmall(OpSample sample) => Count(sample) <= MostElements;

    /// <summary>Whether a sample is small enough to be differentiated at all, and has something to be differentiated by.</summary>
    public static bool Applies(OpSample sample) =>
        Count(sample) <= MostOfDirections && !sample.Inputs.Any(static input => input.Changes)
        && sample.Inputs.Any(static input => input.Kind != InputKind.Index && input.Shape.Count > 0);

    /// <summary>The truth of a sample that is in the list of its op, found once for all devices; nobody may change it.</summary>
    public static GradientTruth Of(OpSample sample) => Known.GetOrAdd(sample.ToString(), _ => new Lazy<GradientTruth>(() => new GradientTruth(sample))).Value;

    /// <summary>The derivative by an input: one number for each element, or one along its direction; null for row numbers.</summary>
    public IReadOnlyList<double>? Derivative(int input) => _derivatives.Value[input];

    private static long Count(OpSample sample) => sample.Inputs.Sum(static input => input.Shape.Count);

    private double[] ByElement(int input)
    {
        // Copies, since other devices read the values meanwhile.
        double[][] inputs = [.. Values];
        double[] values = inputs[input] = [.. Values[input]], result = new double[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            double kept = values[i];
            values[i] = kept + Step;
            double above = Loss(inputs);
            values[i] = kept - Step;
            result[i] = (above - Loss(inputs)) / (2 * Step);
            values[i] = kept;
        }

        return result;
    }

    private double Along(int input)
    {
        double[][] inputs = [.. Values];
        double[] values = inputs[input] = [.. Values[input]], kept = Values[input], direction = Directions[input];
        double At(double step)
        {
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = kept[i] + (step * direction[i]);
            }

            return Loss(inputs);
        }

        return (At(Step) - At(-Step)) / (2 * Step);
    }

    private double Loss(IReadOnlyList<double[]> inputs)
    {
        double[] results = Evaluate(inputs);
        double sum = 0;
        for (int i = 0; i < results.Length; i++)
        {
            sum += results[i] * Seed[i];
        }

        return sum;
    }

    private double[] Evaluate(IReadOnlyList<double[]> inputs) =>
        _sample.Reference<double>([.. inputs.Select((values, i) => new Numbers<double>(_sample.Inputs[i].Shape, [.. values]))], static value => value).Values;
}
