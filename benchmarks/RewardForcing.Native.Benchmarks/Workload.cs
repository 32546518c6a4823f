using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Benchmarks;

/// <summary>Something that is timed: a call of an op or of a network part, as a user's program calls it.</summary>
/// <param name="name">As given on the command line.</param>
/// <param name="flops">Multiplications and additions of one call; norms, softmax and activations are not counted.</param>
/// <param name="device">Where it runs; owned.</param>
/// <param name="operands">Holds the operands; owned.</param>
/// <param name="call">One call; what it makes is released after each.</param>
/// <param name="others">Owned too.</param>
internal sealed class Workload(string name, double flops, CpuDevice device, Pass operands, Action<Pass> call, params IDisposable[] others) : IDisposable
{
    /// <summary>As given on the command line.</summary>
    public string Name { get; } = name;

    /// <summary>Multiplications and additions of one call.</summary>
    public double Flops { get; } = flops;

    /// <summary>The device, for the peak of the same threads.</summary>
    public CpuDevice Device { get; } = device;

    /// <summary>Calls it some times.</summary>
    public void Run(int times)
    {
        for (int i = 0; i < times; i++)
        {
            using Scope scope = operands.BeginScope();
            call(operands);
        }
    }

    /// <summary>Releases operands and threads.</summary>
    public void Dispose()
    {
        operands.Dispose();
        foreach (IDisposable other in others)
        {
            other.Dispose();
        }

        Device.Dispose();
    }
}
