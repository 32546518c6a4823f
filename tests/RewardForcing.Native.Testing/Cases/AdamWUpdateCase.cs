using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="AdamWUpdate"/>; the result is the parameter, which is changed in place.</summary>
public sealed class AdamWUpdateCase : OpCase<AdamWUpdateCase.Size>
{
    private static readonly AdamWSettings Plain = new(1e-3);

    /// <summary>Number of elements, rates, number of the step, factor of the gradient.</summary>
    public readonly record struct Size(int Count, AdamWSettings Settings, long Step, double Factor = 1)
    {
        /// <summary>Whether there is a mean of gradients.</summary>
        public bool HasFirst => Settings.Beta1 > 0;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
    [
        new(1, new(1e-2), 1), new(37, new(2e-6), 7), new(37, new(1e-3, 0.9, WeightDecay: 0), 3, 0.125), new(0, Plain, 1), new(20_480, new(1e-3, 0.9), 1000), new(1536 * 8960, new(2e-6), 100),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => Call(pass, new(3), new(4), Plain), "grad", "[3]", "got [4]"),
        new(static pass => Call(pass, new(3), new(3), Plain with { LearningRate = -1 }), "learning rate", "0 or more", "got -1"),
        new(static pass => Call(pass, new(3), new(3), Plain with { Beta2 = 1 }), "beta2", "below 1", "got 1"),
        new(static pass => Call(pass, new(3), new(3), Plain with { Beta1 = 0.9 }), "first", "beta1 is above 0", "got beta1 0.9"),
        new(static pass => Call(pass, new(3), new(3), Plain, step: 0), "step", "at least 1", "got 0"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size)
    {
        Shape shape = new(size.Count);
        CaseInput[] always = [Fixed("parameter", shape, -1, true), Fixed("grad", shape, -1, false), Fixed("second", shape, 0, true)];
        return size.HasFirst ? [.. always, Fixed("first", shape, -1, true)] : always;
    }

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs)
    {
        AdamWUpdate.Step(inputs[0], inputs[1], size.HasFirst ? inputs[3] : null, inputs[2], size.Settings, size.Step, size.Factor);
        return inputs[0];
    }

    /// <inheritdoc/>
    public override DType ResultType(Size size, CaseTypes types) => DType.F32;

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        T Number(double value) => T.CreateChecked(value);
        AdamWSettings rates = size.Settings;
        Numbers<T> y = new(size.Count);
        for (int i = 0; i < size.Count; i++)
        {
            T g = Number(size.Factor) * inputs[1][i];
            T v = (Number(rates.Beta2) * inputs[2][i]) + (Number(1 - rates.Beta2) * g * g);
            T m = size.HasFirst ? (Number(rates.Beta1) * inputs[3][i]) + (Number(1 - rates.Beta1) * g) : g;
            T kept = inputs[0][i] * Number(1 - (rates.LearningRate * rates.WeightDecay));
            T mean = m / Number(1 - Math.Pow(rates.Beta1, size.Step));
            y[i] = kept - (Number(rates.LearningRate) * mean / (T.Sqrt(v / Number(1 - Math.Pow(rates.Beta2, size.Step))) + Number(rates.Eps)));
        }

        return y;
    }

    private static CaseInput Fixed(string name, Shape shape, double low, bool changes) => new(name, shape, InputKind.Float, low, Changes: changes);

    private static void Call(Pass pass, Shape parameter, Shape grad, AdamWSettings settings, long step = 1) =>
        AdamWUpdate.Step(pass.Zeros(parameter), pass.Zeros(grad), null, pass.Zeros(parameter), settings, step);
}
