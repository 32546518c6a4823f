using RewardForcing.Native.Generation;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Look-ups of the flow-matching schedule and its arithmetic on latents, in F32 and BF16.</summary>
public sealed class ScheduleOpsRunner : GoldenRunner
{
    private const double OneUlp = 1;

    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => file.Has("in.timestep") && file.Has("out.index") && file.Has("out.add_noise") && file.HasConfig("shift");

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        FlowMatchSchedule schedule = new(file.Config.GetProperty("shift").GetSingle());
        float[] timesteps = file.Floats("in.timestep");
        float[] sigmas = Array.ConvertAll(timesteps, schedule.SigmaOf);
        List<Comparison> results =
        [
            file.CompareExactly("out.index", Array.ConvertAll(timesteps, timestep => (long)schedule.IndexOf(timestep))),
            file.Compare("out.sigma", sigmas),
            file.Compare("out.training_weight", Array.ConvertAll(timesteps, schedule.TrainingWeightOf), 1e-5),
        ];
        using Pass pass = Pass.Inference(device);
        Tensor x0 = Load<float>(pass, file, "in.x0");
        Tensor noise = Load<float>(pass, file, "in.eps");
        Tensor flow = Load<float>(pass, file, "in.v");
        Tensor noisy = AddNoise.Forward(pass, x0, noise, sigmas);
        results.Add(file.Compare("out.add_noise", noisy.ToFloats()));
        results.Add(file.Compare("out.add_noise_f64", noisy.ToFloats()));
        results.Add(file.Compare("out.training_target", LinearCombination.Forward(pass, DType.F32, (1, noise), (-1, x0)).ToFloats()));
        results.Add(file.Compare("out.x0_from_flow", FlowToX0.Forward(pass, flow, noisy, sigmas).ToFloats()));
        results.Add(file.Compare("out.flow_from_x0", FlowConversion.X0ToFlow(pass, x0, noisy, sigmas).ToFloats()));
        Bf16(pass, file, sigmas, results);
        Euler(pass, file, schedule, flow, x0, results);
        return results;
    }

    private static void Bf16(Pass pass, GoldenFile file, float[] sigmas, List<Comparison> results)
    {
        Tensor x0 = Load<BFloat16>(pass, file, "in.bf16.x0");
        Tensor noise = Load<BFloat16>(pass, file, "in.bf16.eps");
        Tensor flow = Load<BFloat16>(pass, file, "in.bf16.v");
        Tensor noisy = AddNoise.Forward(pass, x0, noise, sigmas);
        results.Add(Ulps(file, "out.bf16.add_noise", noisy));
        results.Add(Ulps(file, "out.bf16.x0_from_flow", FlowToX0.Forward(pass, flow, noisy, sigmas)));
        results.Add(Ulps(file, "out.bf16.flow_from_x0", FlowConversion.X0ToFlow(pass, x0, noisy, sigmas)));
    }

    private static void Euler(Pass pass, GoldenFile file, FlowMatchSchedule schedule, Tensor flow, Tensor sample, List<Comparison> results)
    {
        Tensor v = pass.Slice(flow, 0, 2);
        Tensor x = pass.Slice(sample, 0, 2);
        long[] indices = file.Longs("in.euler.index");
        List<float> trajectory = [];
        foreach (long index in indices)
        {
            float timestep = schedule.Timesteps[(int)index];
            trajectory.AddRange(FlowConversion.EulerStep(pass, v, x, schedule.EulerSteps([timestep, timestep])).ToFloats());
        }

        results.Add(file.Compare("out.euler.sample", trajectory.ToArray()));
        float[] last = schedule.EulerSteps([schedule.Timesteps[999], schedule.Timesteps[300]]);
        results.Add(file.Compare("out.euler.sample_last", FlowConversion.EulerStep(pass, v, x, last).ToFloats()));
    }

    private static Tensor Load<T>(Pass pass, GoldenFile file, string name)
        where T : unmanaged =>
        pass.From<T>(new Shape(file.ShapeOf(name)), System.Runtime.InteropServices.MemoryMarshal.Cast<byte, T>(file.Bytes(name)));

    // The largest distance in representable bfloat16 numbers.
    private static Comparison Ulps(GoldenFile file, string name, Tensor actual)
    {
        static int Order(ushort bits) => (bits & 0x8000) == 0 ? bits : 0x8000 - bits;
        ReadOnlySpan<ushort> expected = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ushort>(file.Bytes(name));
        ReadOnlySpan<ushort> got = System.Runtime.InteropServices.MemoryMarshal.Cast<BFloat16, ushort>(actual.ToArray<BFloat16>());
        int worst = expected.Length == got.Length ? 0 : int.MaxValue;
        for (int i = 0; i < expected.Length && worst < int.MaxValue; i++)
        {
            worst = Math.Max(worst, Math.Abs(Order(expected[i]) - Order(got[i])));
        }

        return new Comparison(name, worst, OneUlp);
    }
}
