using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>The tables of a solver and how far it has got.</summary>
internal sealed class SolverTable(float[] sigmas, float[] timesteps)
{
    private int _position;

    public float[] Sigmas { get; } = sigmas;

    public float[] Timesteps { get; } = timesteps;

    public int Steps => Timesteps.Length;

    /// <summary>Noise levels from <paramref name="start"/> down to 0 in even steps, then shifted; computed in double and rounded once.</summary>
    public static SolverTable Even(int steps, float shift, double start)
    {
        if (steps is < 1 or > 10_000)
        {
            throw new ArgumentException($"solver: the number of steps must be from 1 to 10,000, got {steps}.", nameof(steps));
        }

        if (!(shift > 0) || !float.IsFinite(shift))
        {
            throw new ArgumentException($"solver: the timestep shift must be a number above 0, got {shift}.", nameof(shift));
        }

        var sigmas = new float[steps + 1];
        var timesteps = new float[steps];
        for (int i = 0; i < steps; i++)
        {
            double even = start - (start * i / steps);
            double sigma = shift * even / (1 + ((shift - 1.0) * even));
            sigmas[i] = (float)sigma;

            // The network is asked at whole timesteps, cut off, not rounded.
            timesteps[i] = (float)Math.Truncate(FlowMatchSchedule.TrainTimesteps * sigma);
        }

        return new SolverTable(sigmas, timesteps);
    }

    /// <summary>Keeps a copy of a tensor, reusing the memory of an earlier one of the same shape.</summary>
    public static void Keep(ref OwnedTensor? slot, Tensor value)
    {
        if (slot is not null && slot.Value.Shape != value.Shape)
        {
            slot.Dispose();
            slot = null;
        }

        slot ??= OwnedTensor.New(value.Device, value.Shape, value.DType);
        slot.Value.CopyFrom(value);
    }

    /// <summary>Checks the arguments of a step and counts it.</summary>
    /// <returns>Number of the step, from 0.</returns>
    public int Next(Tensor flow, Tensor sample)
    {
        if (_position >= Steps)
        {
            throw new InvalidOperationException($"solver: all {Steps} steps are taken; reset it before the next sample.");
        }

        if (flow.Shape != sample.Shape || sample.DType != DType.F32)
        {
            throw new ArgumentException($"solver: expected flow and sample of one shape, the sample F32, got {flow.DType} {flow.Shape} and {sample.DType} {sample.Shape}.");
        }

        return _position++;
    }

    public void Reset() => _position = 0;

    /// <summary>Logarithm of signal over noise, <c>ln(1 - σ) - ln σ</c>; infinite where one of them is 0.</summary>
    public double Lambda(int step) => Math.Log(1.0 - Sigmas[step]) - Math.Log(Sigmas[step]);
}
