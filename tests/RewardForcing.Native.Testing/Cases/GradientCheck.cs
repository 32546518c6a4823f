using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary>Compares the hand-written derivative of an op with the numeric one of its formula in double, in F32 and in BF16.</summary>
public static class GradientCheck
{
    private const double FloatTolerance = 1e-5;

    // What is zero on paper is a few float roundings.
    private const double Tiny = 1e-6;

    // Four times the rounding of a bfloat16: gradients are rounded once on their way out, and what was rounded on the way in moves the point of the derivative.
    private const double NarrowTolerance = 1.0 / 128;

    // Two roundings of at most 2^-9: what a device rounds going forward it rounds going back, and its gradient too.
    private const double RoundedTolerance = 2.0 / 512;

    // Inputs are near 1, and so is what cancels where a sum is nearly zero: an eighth of the rounding of such a number is left.
    private const double NarrowTiny = 1.0 / 4096;

    /// <summary>Whether a sample is small enough to be differentiated numerically, and whether its type has derivatives.</summary>
    public static bool Applies(OpSample sample) => GradientTruth.Applies(sample) && TypesOf(sample).Any();

    /// <summary>Runs the op forward and backward in F32. An op without a derivative must refuse to be recorded, naming itself: that is accepted too.</summary>
    /// <param name="sample">Size.</param>
    /// <param name="device">Where.</param>
    /// <param name="hasDerivative">Whether the op made gradients.</param>
    /// <returns>What was wrong; null if nothing.</returns>
    public static string? Run(OpSample sample, Device device, out bool hasDerivative) => Run(sample, new GradientTruth(sample), DType.F32, device, out hasDerivative, out _);

    /// <summary>Runs all types of a sample on all openings of a device, which must agree in every bit.</summary>
    public static IEnumerable<string> Run(OpSample sample, TestDevice device)
    {
        GradientTruth truth = GradientTruth.Of(sample);
        foreach (DType type in TypesOf(sample))
        {
            List<float[]>? first = null;
            foreach (Func<Device> open in device.Openings)
            {
                using Device opened = open();
                if (Run(sample, truth, type, opened, out bool hasDerivative, out List<float[]> grads) is { } complaint)
                {
                    yield return $"{type} on {opened.Name}: {complaint}";
                    yield break;
                }

                if (!hasDerivative)
                {
                    if (HasDerivativeOnCpu(sample))
                    {
                        yield return $"{sample} {type} on {opened.Name}: has no derivative, but the processor has one.";
                    }

                    break;
                }

                first ??= grads;
                if (!first.Zip(grads, static (a, b) => a.AsSpan().SequenceEqual(b)).All(static same => same))
                {
                    yield return $"{sample} {type} on {opened.Name}: other bits than with another number of threads or another order of blocks.";
                    yield break;
                }
            }
        }
    }

    private static bool HasDerivativeOnCpu(OpSample sample)
    {
        using CpuDevice cpu = new(1);
        Run(sample, cpu, out bool hasDerivative);
        return hasDerivative;
    }

    private static IEnumerable<DType> TypesOf(OpSample sample)
    {
        bool narrow = sample.Inputs.Any(static input => IsActivation(input.Kind));
        return ((DType[])(narrow ? [DType.F32, DType.BF16] : [DType.F32])).Where(type => sample.ResultType(new CaseTypes(type, DType.F32)) is DType.F32 or DType.BF16);
    }

    private static bool IsActivation(InputKind kind) => kind is InputKind.Activation or InputKind.Any;

    private static string? Run(OpSample sample, GradientTruth truth, DType type, Device device, out bool hasDerivative, out List<float[]> grads)
    {
        long before = device.LiveBytes;
        string? complaint;
        grads = [];
        Parameter[] parameters = [.. sample.Inputs.Select((input, i) => AsParameter(device, input, type, truth.Values[i]))];
        try
        {
            complaint = Compare(sample, truth, type, device, parameters);
            hasDerivative = true;
            grads.AddRange(parameters.Select(static parameter => parameter.Grad?.ToFloats() ?? []));
        }
        catch (NotSupportedException refusal)
        {
            hasDerivative = false;
            bool named = sample.Case.MessageNames.Any(name => refusal.Message.StartsWith($"{name}: has no backward pass yet", StringComparison.Ordinal));
            complaint = named ? null : $"{sample}: the refusal of a gradient does not name the op: {refusal.Message}";
        }
        finally
        {
            Array.ForEach(parameters, static parameter => parameter.Dispose());
        }

        return complaint ?? (device.LiveBytes == before ? null : $"{sample}: leaks {device.LiveBytes - before} bytes.");
    }

    // Only weights are parameters of the narrow type: activations come from one in float, through a cast.
    private static Parameter AsParameter(Device device, CaseInput input, DType type, double[] values)
    {
        DType stored = input.Kind == InputKind.Index ? DType.I32 : input.Kind == InputKind.Weight ? type : DType.F32;
        var parameter = Parameter.New(device, input.Name, input.Shape, stored);
        ElementValues.Write(parameter.Value, values);
        parameter.Trainable = input.Kind != InputKind.Index;
        return parameter;
    }

    private static string? Compare(OpSample sample, GradientTruth truth, DType type, Device device, Parameter[] parameters)
    {
        using (Pass pass = Pass.Training(device))
        {
            Tensor[] inputs = [.. parameters.Select((parameter, i) => IsActivation(sample.Inputs[i].Kind) ? Cast.Forward(pass, parameter, type) : parameter.Value)];
            Tensor y = sample.Run(pass, inputs);
            if (inputs.Contains(y))
            {
                // Nothing to differentiate: the op handed its input on.
                return null;
            }

            Tensor dy = pass.New(y.Shape, y.DType);
            ElementValues.Write(dy, [.. truth.Seed]);
            pass.Backward(y, dy);
        }

        double tolerance = type == DType.F32 && sample.ResultType(CaseTypes.Floats) == DType.F32 ? FloatTolerance
            : device.IsHost || !sample.RoundsOnDevice ? NarrowTolerance : NarrowTolerance + RoundedTolerance;
        for (int input = 0; input < parameters.Length; input++)
        {
            if (truth.Derivative(input) is { } expected && Compare(truth, input, expected, parameters[input].Grad?.ToFloats() ?? [], tolerance) is { } wrong)
            {
                return $"{sample}: {string.Format(System.Globalization.CultureInfo.InvariantCulture, wrong, sample.Inputs[input].Name)}";
            }
        }

        return null;
    }

    private static string? Compare(GradientTruth truth, int input, IReadOnlyList<double> expected, float[] grad, double tolerance)
    {
        if (grad.Length != truth.Values[input].Length)
        {
            return grad.Length == 0 && truth.Values[input].Length == 0 ? null : $"{{0}} has a gradient of {grad.Length} elements.";
        }

        if (!truth.IsByElement)
        {
            double slope = grad.Zip(truth.Directions[input], static (g, d) => g * d).Sum(), length = Math.Sqrt(grad.Sum(static g => (double)g * g));
            return Math.Abs(slope - expected[0]) <= tolerance * (1 + length) ? null
                : $"the derivative by {{0}} along a direction is {slope:G9}, expected {expected[0]:G9}; the gradient's length is {length:G4}.";
        }

        // In float an element is held to itself, in bfloat16 to the size of its neighbours too.
        double size = tolerance == FloatTolerance ? 1 : Math.Sqrt(expected.Sum(static e => e * e) / Math.Max(expected.Count, 1));
        for (int i = 0; i < grad.Length; i++)
        {
            if (!(Math.Abs(expected[i] - grad[i]) <= (tolerance * (size + Math.Abs(expected[i]))) + (tolerance == FloatTolerance ? Tiny : NarrowTiny)))
            {
                return $"the derivative by element {i} of {{0}} is {grad[i]:G9}, expected {expected[i]:G9}.";
            }
        }

        return null;
    }
}
