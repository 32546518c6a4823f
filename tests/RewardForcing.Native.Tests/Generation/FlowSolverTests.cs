using RewardForcing.Native.Generation;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing;
using RewardForcing.Native.Testing.Golden;
using Xunit;

namespace RewardForcing.Native.Tests.Generation;

public sealed class FlowSolverTests
{
    [Fact]
    public void Tables_FourSteps_AreThoseOfTheSpecification()
    {
        using UniPcSolver unipc = new(4, 5);
        Assert.Equal([0.99979985f, 0.93726546f, 0.83305538f, 0.62468737f, 0], unipc.Sigmas.ToArray());
        Assert.Equal([999, 937, 833, 624], unipc.Timesteps.ToArray());
        using DpmPlusPlusSolver dpm = new(4, 5);
        Assert.Equal([1f, 0.9375f, 0.83333331f, 0.625f, 0], dpm.Sigmas.ToArray());
        Assert.Equal([1000, 937, 833, 625], dpm.Timesteps.ToArray());
    }

    [Theory]
    [InlineData("d-unipc-20-shift3")]
    [InlineData("d-unipc-50-shift5")]
    [InlineData("d-dpmpp-20-shift3")]
    [InlineData("d-dpmpp-50-shift5")]
    [InlineData("d-euler-48-shift8")]
    public void Step_ToyModel_FollowsReferenceTrajectory(string name)
    {
        using GoldenFile golden = new(Fixtures.Path($"golden/models/{name}.safetensors"));
        int steps = golden.Config.GetProperty("steps").GetInt32();
        string kind = golden.Config.TryGetProperty("solver", out System.Text.Json.JsonElement text) ? text.GetString()! : "euler";
        using IFlowSolver solver = FlowSolvers.Create(FlowSolvers.FromName(kind), steps, golden.Config.GetProperty("shift").GetSingle());
        float[] sigmas = golden.Floats("out.sigmas");
        Assert.Equal(sigmas, solver.Sigmas[..sigmas.Length].ToArray());
        float[] timesteps = kind == "euler" ? golden.Floats("out.timesteps") : Array.ConvertAll(golden.Longs("out.timesteps"), static value => (float)value);
        Assert.Equal(timesteps, solver.Timesteps.ToArray());

        using CpuDevice device = new(1, checkMemory: true);
        float[] expected = golden.Floats("out.samples");
        Shape shape = new(golden.ShapeOf("in.x"));
        for (int round = 0; round < 2; round++)
        {
            using Pass pass = Pass.Inference(device);
            Tensor sample = pass.From<float>(shape, golden.Floats("in.x"));
            for (int i = 0; i < steps; i++)
            {
                Tensor flow = pass.From<float>(shape, Toy(golden, sample.ToFloats(), shape, solver.Sigmas[i]));
                sample = solver.Step(pass, flow, sample);
                int count = (int)shape.Count;
                Assert.InRange(GoldenFile.Distance(expected.AsSpan(i * count, count), sample.ToFloats()), 0, kind == "euler" ? 2e-6 : 4e-6);
            }

            Assert.Throws<InvalidOperationException>(() => solver.Step(pass, sample, sample));
            solver.Reset();
        }

        Assert.Equal(0, device.LiveBytes);
    }

    [Fact]
    public void FromName_UnknownSampler_NamesTheKnownOnes() =>
        Assert.Contains("unipc, dpm++ or euler", Assert.Throws<ArgumentException>(static () => FlowSolvers.FromName("heun")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0, 5f)]
    [InlineData(4, 0f)]
    [InlineData(4, float.NaN)]
    public void Create_ImpossibleNumbers_Throws(int steps, float shift)
    {
        foreach (SolverKind kind in Enum.GetValues<SolverKind>())
        {
            Assert.Throws<ArgumentException>(() => FlowSolvers.Create(kind, steps, shift));
        }
    }

    // v = M x + sigma b over the channels.
    private static float[] Toy(GoldenFile golden, float[] x, Shape shape, double sigma)
    {
        float[] matrix = golden.Floats("in.M");
        float[] bias = golden.Floats("in.b");
        (int channels, int area) = (shape[1], shape[2] * shape[3]);
        var v = new float[x.Length];
        for (int i = 0; i < v.Length; i++)
        {
            (int batch, int channel, int at) = (i / (channels * area), i / area % channels, i % area);
            double sum = sigma * bias[channel];
            for (int c = 0; c < channels; c++)
            {
                sum += (double)matrix[(channel * channels) + c] * x[(((batch * channels) + c) * area) + at];
            }

            v[i] = (float)sum;
        }

        return v;
    }
}
