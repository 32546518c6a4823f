using RewardForcing.Native.Testing.Cases;
using RewardForcing.Native.Tests.Cuda;
using Xunit;

namespace RewardForcing.Native.Tests.Cases;

/// <summary>The cases of all ops on a simulated device.</summary>
/// <typeparam name="TMode">The way of simulating. Each is a class of its own, so that they run side by side.</typeparam>
public abstract class SimulatedOpTests<TMode>
    where TMode : ISimulatedMode
{
    public static TheoryData<string> Ops => OpCaseRun.Ops(TMode.Device);

    [NvrtcTheory]
    [MemberData(nameof(Ops))]
    public void Forward_EverySizeAndType_IsTheFormula(string op) => OpCaseRun.Forward(op, TMode.Device);

    [NvrtcTheory]
    [MemberData(nameof(Ops))]
    public void Forward_WrongShapesAndTypes_AreRefusedInOneSentence(string op) => OpCaseRun.Refusals(op, TMode.Device);

    [NvrtcTheory]
    [MemberData(nameof(Ops))]
    public void Forward_InputsNeedGradients_DerivativeIsRightOrRefused(string op) => OpCaseRun.Gradients(op, TMode.Device);
}

/// <summary>Names a simulated <see cref="TestDevice"/>.</summary>
public interface ISimulatedMode
{
    static abstract string Device { get; }
}

public sealed class FastSimulationTests : SimulatedOpTests<FastSimulationTests>, ISimulatedMode
{
    public static string Device => "cuda-sim";
}

public sealed class CheckedSimulationTests : SimulatedOpTests<CheckedSimulationTests>, ISimulatedMode
{
    public static string Device => "cuda-sim-checked";
}

public sealed class PerturbedSimulationTests : SimulatedOpTests<PerturbedSimulationTests>, ISimulatedMode
{
    public static string Device => "cuda-sim-perturbed";
}

public sealed class LibrarySimulationTests : SimulatedOpTests<LibrarySimulationTests>, ISimulatedMode
{
    public static string Device => "cuda-sim-library";
}

public sealed class HopperSimulationTests : SimulatedOpTests<HopperSimulationTests>, ISimulatedMode
{
    public static string Device => "cuda-sim-sm90";
}
