using System.Collections.Concurrent;
using System.Numerics;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary>Inputs of one run, what the formula makes of them, and how far a device may be off.</summary>
public sealed class CaseTruth
{
    // Intermediates this close to an edge between two bfloat16 numbers may be rounded to either.
    private const double EdgeShare = 1.0 / (1 << 20);

    // The formula with plain loops takes longer than most devices do, and all of them are held to the same one.
    private static readonly ConcurrentDictionary<(string Sample, CaseTypes Types, int Seed), Lazy<CaseTruth>> Known = new();

    private readonly OpSample _sample;
    private readonly DType[] _types;

    /// <summary>Draws inputs and evaluates the formula.</summary>
    /// <param name="sample">Size.</param>
    /// <param name="types">Element types.</param>
    /// <param name="seed">Of the inputs.</param>
    public CaseTruth(OpSample sample, CaseTypes types, int seed)
    {
        _sample = sample;
        _types = [.. sample.Inputs.Select(input => types.Of(input.Kind))];
        Random random = new(seed);
        Values = [.. sample.Inputs.Select((input, i) => ElementValues.Draw(random, input, _types[i]))];
        Type = sample.ResultType(types);
        bool rounds = types.Shared == DType.BF16;
        (Shape shape, double[] truth) = Evaluate<double>(static value => value);
        (Shape _, double[] floats) = Evaluate<float>(static value => value);
        FloatError = truth.Zip(floats, Distance).DefaultIfEmpty().Max();
        Shape = shape;
        Slack = new double[truth.Length];
        if (rounds)
        {
            (Shape _, truth) = Evaluate<double>(static value => BFloat16.Round((float)value));
            foreach (int direction in (ReadOnlySpan<int>)[-1, 1])
            {
                double Nudge(double value) => BFloat16.Round((float)(value + (direction * ((Math.Abs(value) * EdgeShare) + FloatError))));
                (Shape _, double[] nudged) = Evaluate<double>(Nudge);
                for (int i = 0; i < truth.Length; i++)
                {
                    Slack[i] += Distance(truth[i], nudged[i]);
                }
            }
        }

        Expected = truth;
        DeviceSlack = rounds && sample.NarrowAllowance([.. Values.Select((values, i) => new Numbers<double>(sample.Inputs[i].Shape, values))]) is { } allowed
            ? allowed.Values : new double[truth.Length];
    }

    /// <summary>The truth of a sample that is in the list of its op, evaluated once for all devices; nobody may change it.</summary>
    public static CaseTruth Of(OpSample sample, CaseTypes types, int seed) =>
        Known.GetOrAdd((sample.ToString(), types, seed), _ => new Lazy<CaseTruth>(() => new CaseTruth(sample, types, seed))).Value;

    /// <summary>Inputs, rounded to their types.</summary>
    public IReadOnlyList<double[]> Values { get; }

    /// <summary>Shape of the result.</summary>
    public Shape Shape { get; }

    /// <summary>Element type of the result.</summary>
    public DType Type { get; }

    /// <summary>The formula in double, not yet rounded to <see cref="Type"/>.</summary>
    public double[] Expected { get; }

    /// <summary>What each element may differ because an intermediate lies on the edge between two bfloat16 numbers.</summary>
    public double[] Slack { get; }

    /// <summary>What each element may differ on a CUDA device because it rounds an intermediate that the processor keeps.</summary>
    public double[] DeviceSlack { get; }

    /// <summary>Largest error of the formula evaluated in float.</summary>
    public double FloatError { get; }

    /// <summary>Makes the inputs on a device.</summary>
    public Tensor[] Inputs(Pass pass)
    {
        var tensors = new Tensor[Values.Count];
        for (int i = 0; i < tensors.Length; i++)
        {
            tensors[i] = pass.New(_sample.Inputs[i].Shape, _types[i]);
            ElementValues.Write(tensors[i], Values[i]);
        }

        return tensors;
    }

    private static double Distance(double a, double b) => double.IsNaN(a) && double.IsNaN(b) ? 0 : a == b ? 0 : Math.Abs(a - b);

    private (Shape Shape, double[] Values) Evaluate<T>(Func<T, T> round)
        where T : IFloatingPointIeee754<T>
    {
        Numbers<T> result = _sample.Reference([.. Values.Select((values, i) => new Numbers<T>(_sample.Inputs[i].Shape, Array.ConvertAll(values, T.CreateChecked)))], round);
        return (result.Shape, Array.ConvertAll(result.Values, static value => double.CreateChecked(value)));
    }
}
