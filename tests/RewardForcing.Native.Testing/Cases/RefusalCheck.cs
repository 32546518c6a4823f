using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary>Calls that do not fit must give one clear sentence and leave nothing behind.</summary>
public static class RefusalCheck
{
    /// <summary>Tries every refusal of a case, and every input with a type it cannot have.</summary>
    public static IEnumerable<string> Run(OpCase test, TestDevice device)
    {
        using Device opened = device.Openings[0]();
        foreach (Refusal refusal in test.Refusals.Concat(WrongTypes(test)))
        {
            if (Complaint(test, refusal, opened) is string complaint)
            {
                yield return $"{test.Name} on {device.Name}: {complaint}";
            }
        }
    }

    private static string? Complaint(OpCase test, Refusal refusal, Device device)
    {
        string wanted = string.Join(", ", refusal.Says);
        long before = device.LiveBytes;
        try
        {
            using Pass pass = Pass.Inference(device);
            refusal.Call(pass);
            return $"accepts a call that it must refuse saying {wanted}.";
        }
        catch (ArgumentException error)
        {
            bool named = test.MessageNames.Any(name => error.Message.StartsWith($"{name}: ", StringComparison.Ordinal));
            string[] missing = [.. refusal.Says.Where(part => !error.Message.Contains(part, StringComparison.Ordinal))];
            return !named ? $"the refusal does not name the op: {error.Message}"
                : missing.Length > 0 ? $"the refusal does not say {string.Join(", ", missing)}: {error.Message}"
                : device.LiveBytes != before ? $"the refusal leaks {device.LiveBytes - before} bytes: {error.Message}"
                : null;
        }
        catch (Exception error)
        {
            return $"expected an ArgumentException saying {wanted}, got {error.GetType().Name}: {error.Message}";
        }
    }

    // Every input that is not of any type, once with a type it cannot have, everything else being right.
    private static IEnumerable<Refusal> WrongTypes(OpCase test)
    {
        OpSample sample = test.Samples.First(static sample => sample.Inputs.All(static input => input.Shape.Count > 0));
        for (int wrong = 0; wrong < sample.Inputs.Count; wrong++)
        {
            int at = wrong;
            CaseInput input = sample.Inputs[at];
            DType[] types = input.Kind switch
            {
                InputKind.Any => [],
                InputKind.Index => [DType.F32, DType.I64],
                InputKind.Float => [DType.BF16, DType.I32],
                InputKind.Weight => [DType.I32, DType.U8],
                _ => [DType.I32, DType.F16],
            };
            foreach (DType type in types)
            {
                yield return new Refusal(
                    pass => sample.Run(pass, [.. sample.Inputs.Select((one, i) => pass.Zeros(one.Shape, i == at ? type : CaseTypes.Floats.Of(one.Kind)))]),
                    input.Name,
                    $"got {type}");
            }
        }
    }
}
