using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing.Cases;
using Xunit;

namespace RewardForcing.Native.Tests.Cases;

public sealed class OpCaseTests
{
    public static TheoryData<string> Ops => OpCaseRun.Ops("cpu");

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
    [MemberData(nameof(Ops))]
    public void Forward_EverySizeAndType_IsTheFormula(string op) => OpCaseRun.Forward(op, "cpu");

    [Theory]
    [MemberData(nameof(OpsAndPaths))]
    public void ForwardCpu_EverySizeAndTypeOnEveryPath_IsTheFormula(string op, string path) =>
        OpCaseRun.AllWell(OpCases.Of(op).Samples.SkipLast(1).SelectMany(sample => OpCaseCheck.Forward(sample, Enum.Parse<SimdPath>(path))));

    [Theory]
    [MemberData(nameof(Ops))]
    public void Forward_WrongShapesAndTypes_AreRefusedInOneSentence(string op) => OpCaseRun.Refusals(op, "cpu");

    [Theory]
    [MemberData(nameof(Ops))]
    public void Forward_InputsNeedGradients_DerivativeIsRightOrRefused(string op) => OpCaseRun.Gradients(op, "cpu");
}
