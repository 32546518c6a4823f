using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary>Compares the hand-written derivative of an op with the numeric one of its formula in double.</summary>
public static class GradientCheck
{
    private const double Step = 1e-5;
    private const double Tolerance = 1e-5;
    private const int MostElements = 2000;

    /// <summary>Whether a sample is small enough to be differentiated numerically, and whether its type has derivatives.</summary>
    public static bool Applies(OpSample sample) =>
        sample.ResultType(CaseTypes.Floats) == DType.F32 && sample.Inputs.Sum(static input => input.Shape.Count) <= MostElements
        && sample.Inputs.Any(static input => input.Kind != InputKind.Index && input.Shape.Count > 0) && !sample.Inputs.Any(static input => input.Changes);

    /// <summary>Runs the op forward and backward. An op without a derivative must refuse to be recorded, naming itself: that is accepted too.</summary>
    /// <param name="sample">Size; all inputs in F32.</param>
    /// <param name="device">Where.</param>
    /// <param name="hasDerivative">Whether the op made gradients.</param>
    /// <returns>What was wrong; null if nothing.</returns>
    public static string? Run(OpSample sample, Device device, out bool hasDerivative)
    {
        CaseTruth draw = new(sample, CaseTypes.Floats, 1);
        long before = device.LiveBytes;
        string? complaint;
        Parameter[] parameters = [.. sample.Inputs.Select((input, i) => AsParameter(device, input, draw.Values[i]))];
        try
        {
            complaint = Compare(sample, draw, device, parameters);
            hasDerivative = true;
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

    private static Parameter AsParameter(Device device, CaseInput input, double[] values)
    {
        var parameter = Parameter.New(device, input.Name, input.Shape, CaseTypes.Floats.Of(input.Kind));
        ElementValues.Write(parameter.Value, values);
        parameter.Trainable = input.Kind != InputKind.Index;
        return parameter;
    }

    private static string? Compare(OpSample sample, CaseTruth draw, Device device, Parameter[] parameters)
    {
        double[] seed = [.. draw.Expected.Select(static (_, i) => Math.Cos(i))];
        using (Pass pass = Pass.Training(device))
        {
            Tensor y = sample.Run(pass, [.. parameters.Select(static parameter => parameter.Value)]);
            if (parameters.Any(parameter => ReferenceEquals(parameter.Value, y)))
            {
                // Nothing to differentiate: the op handed its input on.
                return null;
            }

            Tensor dy = pass.New(y.Shape);
            ElementValues.Write(dy, seed);
            pass.Backward(y, dy);
        }

        double Loss() => sample.Reference<double>([.. draw.Values.Select((values, i) => new Numbers<double>(sample.Inputs[i].Shape, [.. values]))], static value => value)
            .Values.Zip(seed, static (y, s) => y * s).Sum();
        for (int input = 0; input < parameters.Length; input++)
        {
            if (!parameters[input].Trainable)
            {
                continue;
            }

            float[] grad = parameters[input].Grad?.ToFloats() ?? [];
            double[] values = draw.Values[input];
            for (int i = 0; i < values.Length; i++)
            {
                double kept = values[i];
                values[i] = kept + Step;
                double above = Loss();
                values[i] = kept - Step;
                double below = Loss();
                values[i] = kept;
                double numeric = (above - below) / (2 * Step);
                double got = i < grad.Length ? grad[i] : double.NaN;
                if (!(Math.Abs(numeric - got) <= Tolerance * (1 + Math.Abs(numeric))))
                {
                    return $"{sample}: the derivative by element {i} of {sample.Inputs[input].Name} is {got:G9}, expected {numeric:G9}.";
                }
            }
        }

        return null;
    }
}
