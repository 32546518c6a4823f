using RewardForcing.Native.Testing.Cases;
using Xunit;

namespace RewardForcing.Native.Tests.Cases;

/// <summary>What is asserted of an op on a device of <see cref="TestDevice"/>.</summary>
internal static class OpCaseRun
{
    public static TheoryData<string> Ops(string device)
    {
        TheoryData<string> rows = [];
        foreach (OpCase test in OpCases.All.Where(test => TestDevice.All.Any(one => one.Name == device && one.Tries(test.Name))))
        {
            rows.Add(test.Name);
        }

        return rows;
    }

    public static void Forward(string op, string device) =>
        AllWell(OpCases.Of(op).Samples.SkipLast(1).SelectMany(sample => OpCaseCheck.Forward(sample, TestDevice.Of(device))));

    public static void Refusals(string op, string device) => AllWell(RefusalCheck.Run(OpCases.Of(op), TestDevice.Of(device)));

    // Where running takes long, only what is differentiated element by element.
    public static void Gradients(string op, string device)
    {
        TestDevice tried = TestDevice.Of(device);
        bool all = tried.MostDraws >= TestDevice.FastDraws;
        AllWell(OpCases.Of(op).Samples.SkipLast(1).Where(sample => GradientCheck.Applies(sample) && (all || GradientTruth.IsSmall(sample)))
            .SelectMany(sample => GradientCheck.Run(sample, tried)));
    }

    public static void AllWell(IEnumerable<string> complaints)
    {
        string[] all = [.. complaints];
        Assert.True(all.Length == 0, $"{all.Length} complaints:\n{string.Join('\n', all.Take(20))}");
    }
}
