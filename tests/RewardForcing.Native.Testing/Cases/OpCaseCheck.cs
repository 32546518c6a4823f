using System.Runtime.InteropServices;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary>Everything a device must hold for a size of a case. Each check gives sentences about what was wrong; none if all is well.</summary>
/// <remarks>
/// Budget of an element: twice the largest error of the formula in float, one spacing of a float, and what an intermediate on the edge between
/// two bfloat16 numbers is worth. A narrow result must be what one number within the budget rounds to, so a result that is cut off does not pass.
/// </remarks>
public static class OpCaseCheck
{
    private const int ElementsWanted = 256;
    private const int MostDraws = 16;

    /// <summary>Runs all types of a sample on all openings of a device.</summary>
    public static IEnumerable<string> Forward(OpSample sample, TestDevice device)
    {
        Device[] opened = [.. device.Openings.Select(static open => open())];
        try
        {
            return [.. CaseTypes.All(sample.Inputs).SelectMany(types => Forward(sample, types, opened, sample.Run, device.MostDraws))];
        }
        finally
        {
            Array.ForEach(opened, static one => one.Dispose());
        }
    }

    /// <summary>The same with the kernels of one kind of processor; the samples of ops without such a choice are passed over.</summary>
    internal static IEnumerable<string> Forward(OpSample sample, SimdPath path)
    {
        using CpuDevice one = new(1, checkMemory: true);
        using CpuDevice three = new(3, checkMemory: true);
        return [.. CaseTypes.All(sample.Inputs).SelectMany(types => Forward(sample, types, [one, three], (pass, inputs) => sample.RunOn(path, pass, inputs)!))];
    }

    /// <summary>Compares one combination of types on devices that must agree in every bit.</summary>
    public static IEnumerable<string> Forward(
        OpSample sample, CaseTypes types, IReadOnlyList<Device> devices, Func<Pass, Tensor[], Tensor> run, int mostDraws = MostDraws)
    {
        CaseTruth[] draws = Draws(sample, types, mostDraws);
        double error = draws.Max(static draw => draw.FloatError);
        foreach (CaseTruth draw in draws)
        {
            byte[]? first = null;
            foreach (Device device in devices)
            {
                string at = $"{sample} {types.Shared}/{types.Own} on {device.Name}";
                (string? complaint, byte[] bits) = Run(sample, draw, device, run, error);
                if (complaint is not null)
                {
                    yield return $"{at}: {complaint}";
                    yield break;
                }

                first ??= bits;
                if (!first.AsSpan().SequenceEqual(bits))
                {
                    yield return $"{at}: gives other bits than another number of threads.";
                    yield break;
                }
            }
        }
    }

    private static CaseTruth[] Draws(OpSample sample, CaseTypes types, int most)
    {
        // One element may be exact by luck: the error of the formula is the largest of many.
        CaseTruth first = CaseTruth.Of(sample, types, 1);
        int draws = first.Expected.Length == 0 ? 1 : Math.Clamp(ElementsWanted / first.Expected.Length, 1, most);
        return [first, .. Enumerable.Range(2, draws - 1).Select(seed => CaseTruth.Of(sample, types, seed))];
    }

    private static (string? Complaint, byte[] Bits) Run(OpSample sample, CaseTruth draw, Device device, Func<Pass, Tensor[], Tensor> run, double floatError)
    {
        long before = device.LiveBytes;
        (string? complaint, byte[] bits) = Once(sample, draw, device, run, floatError, training: false);
        if (complaint is null)
        {
            (complaint, byte[] again) = Once(sample, draw, device, run, floatError, training: true);
            complaint ??= bits.AsSpan().SequenceEqual(again) ? null : "gives other bits in a second run, in a training pass.";
        }

        complaint ??= device.LiveBytes == before ? null : $"leaks {device.LiveBytes - before} bytes.";
        return (complaint, bits);
    }

    private static (string? Complaint, byte[] Bits) Once(OpSample sample, CaseTruth draw, Device device, Func<Pass, Tensor[], Tensor> run, double floatError, bool training)
    {
        try
        {
            using Pass pass = training ? Pass.Training(device) : Pass.Inference(device);
            Tensor[] inputs = draw.Inputs(pass);
            Tensor y = run(pass, inputs);
            return (Compare(draw, y, floatError) ?? Changed(sample, draw, inputs), Bits(y));
        }
        catch (Exception failure)
        {
            return ($"{failure.GetType().Name}: {failure.Message}", []);
        }
    }

    private static string? Changed(OpSample sample, CaseTruth draw, Tensor[] inputs)
    {
        for (int i = 0; i < inputs.Length; i++)
        {
            if (!sample.Inputs[i].Changes && !ElementValues.Read(inputs[i]).AsSpan().SequenceEqual(draw.Values[i]))
            {
                return $"changed its input {sample.Inputs[i].Name}.";
            }
        }

        return null;
    }

    private static string? Compare(CaseTruth draw, Tensor y, double floatError)
    {
        if (y.Shape != draw.Shape || y.DType != draw.Type)
        {
            return $"expected {draw.Type} {draw.Shape}, got {y.DType} {y.Shape}.";
        }

        double[] values = ElementValues.Read(y);
        for (int i = 0; i < values.Length; i++)
        {
            double truth = draw.Expected[i];
            double budget = (2 * floatError) + draw.Slack[i] + (y.Device.IsHost ? 0 : draw.DeviceSlack[i]) + (draw.Type.IsFloat() ? ElementValues.Spacing(DType.F32, truth) : 0);
            bool narrow = draw.Type != DType.F32;
            double lowest = narrow ? ElementValues.Round(draw.Type, truth - budget) : truth - budget;
            double highest = narrow ? ElementValues.Round(draw.Type, truth + budget) : truth + budget;
            bool right = (values[i] >= lowest && values[i] <= highest) || values[i] == truth || (double.IsNaN(truth) && double.IsNaN(values[i]));
            if (!right)
            {
                return $"element {i} is {values[i]:G9}, expected {truth:G9}: off by {Math.Abs(values[i] - truth):G3}, {budget:G3} allowed before rounding to {draw.Type}.";
            }
        }

        return null;
    }

    private static byte[] Bits(Tensor y) => y.DType switch
    {
        DType.F32 => MemoryMarshal.AsBytes<float>(y.ToArray<float>()).ToArray(),
        DType.BF16 => MemoryMarshal.AsBytes<BFloat16>(y.ToArray<BFloat16>()).ToArray(),
        DType.F16 => MemoryMarshal.AsBytes<Half>(y.ToArray<Half>()).ToArray(),
        DType.F8E4M3 => MemoryMarshal.AsBytes<Float8E4M3>(y.ToArray<Float8E4M3>()).ToArray(),
        DType.I32 => MemoryMarshal.AsBytes<int>(y.ToArray<int>()).ToArray(),
        DType.I64 => MemoryMarshal.AsBytes<long>(y.ToArray<long>()).ToArray(),
        _ => y.ToArray<byte>(),
    };
}
