using RewardForcing.Native.Cuda;

namespace RewardForcing.Native.KernelLab.Conformance;

/// <summary>What came of running a family on a device.</summary>
/// <param name="Results">What each case stored; a case the device cannot run, or that failed, is missing.</param>
/// <param name="Skipped">Cases the device cannot run.</param>
/// <param name="Complaints">What differs from the definition, a sentence each.</param>
internal sealed record ConformanceReport(IReadOnlyDictionary<string, ValueSet> Results, IReadOnlyList<string> Skipped, IReadOnlyList<string> Complaints)
{
    private const int MostElements = 3;

    /// <summary>Runs a family.</summary>
    public static ConformanceReport Of(ConformanceDevice device, ConformanceFile file)
    {
        Dictionary<string, ValueSet> results = new(StringComparer.Ordinal);
        List<string> skipped = [], complaints = [];
        foreach (ConformanceCase test in file.Cases)
        {
            if (!device.Serves(test))
            {
                skipped.Add(test.Name);
                continue;
            }

            try
            {
                ValueSet got = device.Run(test, file.Sets);
                results[test.Name] = got;
                complaints.AddRange(Judge(file.Family, test, got));
            }
            catch (CudaException failure)
            {
                complaints.Add($"{file.Family}: {test.Name}: {failure.Message}");
                if (failure.Code is >= 700 and < 720 and not 701)
                {
                    // The context is gone; what follows could only say so again.
                    break;
                }
            }
        }

        return new ConformanceReport(results, skipped, complaints);
    }

    /// <summary>What is wrong with a case's result.</summary>
    public static IEnumerable<string> Judge(string family, ConformanceCase test, ValueSet got)
    {
        if (got.Bits.Count != test.Want.Bits.Count)
        {
            return [$"{family}: {test.Name}: {test.Want.Bits.Count} values are expected, got {got.Bits.Count}."];
        }

        string[] wrong = [.. test.Want.Bits.Select((wanted, i) => test.Rule.Judge(test.Want.Type, wanted, got.Bits[i]) is { } problem ? $"element {i}: {problem}" : string.Empty).Where(static text => text.Length > 0)];
        return wrong.Length == 0 ? [] : [$"{family}: {test.Name}: {wrong.Length} of {got.Bits.Count} differ; {string.Join("; ", wrong.Take(MostElements))}."];
    }
}
