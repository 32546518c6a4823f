using System.Text.Json;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Trajectories of the solvers with the toy model <c>v = M x + σ b</c> over the channels.</summary>
public sealed class SolverRunner : GoldenRunner
{
    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => file.Has("in.M") && file.Has("in.b") && file.Has("out.samples") && file.HasConfig("steps");

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        string kind = file.Config.TryGetProperty("solver", out JsonElement name) ? name.GetString()! : "euler";
        int steps = file.Config.GetProperty("steps").GetInt32();
        using IFlowSolver solver = FlowSolvers.Create(FlowSolvers.FromName(kind), steps, file.Config.GetProperty("shift").GetSingle());
        List<Comparison> results = [file.Compare("out.sigmas", solver.Sigmas[..file.ShapeOf("out.sigmas")[0]])];
        results.Add(kind == "euler"
            ? file.Compare("out.timesteps", solver.Timesteps)
            : file.CompareExactly("out.timesteps", Array.ConvertAll(solver.Timesteps.ToArray(), static timestep => (long)timestep)));
        float[] samples = file.Floats("out.samples");
        double tolerance = file.Tolerance("out");
        Shape shape = new(file.ShapeOf("in.x"));
        (float[] matrix, float[] bias) = (file.Floats("in.M"), file.Floats("in.b"));
        using Pass pass = Pass.Inference(device);
        Tensor sample = pass.From<float>(shape, file.Floats("in.x"));
        double worst = 0;
        for (int step = 0; step < steps; step++)
        {
            Tensor flow = pass.From<float>(shape, Toy(sample.ToFloats(), shape, matrix, bias, solver.Sigmas[step]));
            sample = solver.Step(pass, flow, sample);
            int count = (int)shape.Count;
            worst = Math.Max(worst, GoldenFile.Distance(samples.AsSpan(step * count, count), sample.ToFloats()));
        }

        results.Add(new Comparison("out.samples", worst, tolerance));
        return results;
    }

    private static float[] Toy(float[] x, Shape shape, float[] matrix, float[] bias, double sigma)
    {
        int channels = shape[1];
        int area = (int)(shape.Count / (shape[0] * channels));
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
