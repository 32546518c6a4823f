using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>The normalised gradient where its normaliser is 0 or a prediction is not finite: nothing infinite comes out.</summary>
public sealed class GradientRangeRunner : GoldenRunner
{
    private const float LargestBf16 = 3.3895314e38f;

    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => file.Has("in.fake_x0") && file.Has("in.real_x0") && file.Has("out.grad_f32") && file.Has("out.grad_bf16");

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        int batch = file.ShapeOf("in.z")[0];
        float[][] inputs = [file.Floats("in.z"), file.Floats("in.fake_x0"), file.Floats("in.real_x0")];
        (float[] gradient, double[] normalisers) = DistributionMatching.Normalised(inputs[0], inputs[1], inputs[2], batch, float.MaxValue);
        yield return Compare("out.normalizer_f32", file.Floats("out.normalizer_f32"), [.. normalisers.Select(static value => (float)value)], 1e-6);
        yield return Compare("out.grad_f32", file.Floats("out.grad_f32"), gradient, 2e-6);

        // The reference rounds the difference, the normaliser and the quotient; one rounding is what is here. Each is half a unit of 8 bits.
        float[][] rounded = Array.ConvertAll(inputs, static values => Array.ConvertAll(values, BFloat16.Round));
        (gradient, normalisers) = DistributionMatching.Normalised(rounded[0], rounded[1], rounded[2], batch, LargestBf16);
        yield return Compare("out.normalizer_bf16", file.Floats("out.normalizer_bf16"), [.. normalisers.Select(static value => BFloat16.Round((float)value))], 1.0 / 128);
        yield return Compare("out.grad_bf16", file.Floats("out.grad_bf16"), Array.ConvertAll(gradient, BFloat16.Round), 3.0 / 128);
    }

    // Element by element: beside numbers of 1e38 a distance of all shows nothing else.
    private static Comparison Compare(string name, float[] expected, float[] actual, double tolerance)
    {
        double worst = expected.Length == actual.Length ? 0 : double.PositiveInfinity;
        foreach ((float want, float got) in expected.Zip(actual))
        {
            double error = want.Equals(got) ? 0 : Math.Abs((double)got - want) / Math.Max(Math.Abs((double)want), 1e-30);
            worst = double.IsNaN(error) ? double.PositiveInfinity : Math.Max(worst, error);
        }

        return new Comparison(name, worst, tolerance);
    }
}
