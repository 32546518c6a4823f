using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing.Cases;
using Xunit;

namespace RewardForcing.Native.Tests.Cases;

public class OpCaseTests
{
    public static TheoryData<string, string> OpsAndDevices
    {
        get
        {
            TheoryData<string, string> rows = [];
            foreach (OpCase test in OpCases.All)
            {
                foreach (TestDevice device in TestDevice.All.Where(device => device.Tries(test.Name)))
                {
                    rows.Add(test.Name, device.Name);
                }
            }

            return rows;
        }
    }

    public static TheoryData<string, string> OpsAndPaths
    {
        get
        {
            TheoryData<string, string> rows = [];
            foreach (string op in new[] { "attention", "causal_conv3d", "conv2d", "linear" })
            {
                foreach (SimdPath path in SimdPaths.Supported)
                {
                    rows.Add(op, path.ToString());
                }
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(OpsAndDevices))]
    public void Forward_EverySizeAndType_IsTheFormula(string op, string device) =>
        AllWell(OpCases.Of(op).Samples.SkipLast(1).SelectMany(sample => OpCaseCheck.Forward(sample, TestDevice.Of(device))));

    [Theory]
    [MemberData(nameof(OpsAndPaths))]
    public void ForwardCpu_EverySizeAndTypeOnEveryPath_IsTheFormula(string op, string path) =>
        AllWell(OpCases.Of(op).Samples.SkipLast(1).SelectMany(sample => OpCaseCheck.Forward(sample, Enum.Parse<SimdPath>(path))));

    [Theory]
    [MemberData(nameof(OpsAndDevices))]
    public void Forward_WrongShapesAndTypes_AreRefusedInOneSentence(string op, string device) =>
        AllWell(RefusalCheck.Run(OpCases.Of(op), TestDevice.Of(device)));

    [Theory]
    [MemberData(nameof(OpsAndDevices))]
    public void Forward_InputsNeedGradients_DerivativeIsRightOrRefused(string op, string device)
    {
        using Device opened = TestDevice.Of(device).Openings[0]();
        foreach (OpSample sample in OpCases.Of(op).Samples.SkipLast(1).Where(GradientCheck.Applies))
        {
            Assert.Null(GradientCheck.Run(sample, opened, out bool _));
        }
    }

    private static void AllWell(IEnumerable<string> complaints)
    {
        string[] all = [.. complaints];
        Assert.True(all.Length == 0, $"{all.Length} complaints:\n{string.Join('\n', all.Take(20))}");
    }
}
