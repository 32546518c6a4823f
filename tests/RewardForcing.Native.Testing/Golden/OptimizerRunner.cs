using System.Text.Json;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Steps of AdamW from given gradients, clipping by the global length, and the average of weights.</summary>
public sealed class OptimizerRunner : GoldenRunner
{
    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => IsAdamW(file) || IsClip(file) || IsAverage(file);

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device) =>
        IsAdamW(file) ? AdamW(file, device) : IsClip(file) ? Clip(file, device) : Average(file, device);

    private static bool IsAdamW(GoldenFile file) => file.HasConfig("betas") && file.HasConfig("eps") && file.Has("in.p0.w");

    private static bool IsClip(GoldenFile file) => file.HasConfig("max_norm") && file.Has("in.big.a");

    private static bool IsAverage(GoldenFile file) => file.HasConfig("decay") && file.Has("in.p0") && file.Has("out.ema1");

    private static List<Comparison> AdamW(GoldenFile file, Device device)
    {
        JsonElement config = file.Config;
        AdamWSettings settings = new(
            config.GetProperty("lr").GetDouble(), config.GetProperty("betas")[0].GetDouble(), config.GetProperty("betas")[1].GetDouble(), config.GetProperty("eps").GetDouble(),
            config.GetProperty("weight_decay").GetDouble());
        Parameter[] parameters = [.. Names(file, "in.p0.").Select(name => Make(device, file, $"in.p0.{name}", name))];
        List<Comparison> results = [];
        try
        {
            using AdamWOptimizer optimizer = new(parameters, settings);
            for (int step = 0; file.Has($"in.grad.{step}.w"); step++)
            {
                foreach (Parameter parameter in parameters)
                {
                    Give(parameter, file, $"in.grad.{step}.{parameter.Name}");
                }

                optimizer.Step();
                optimizer.ClearGrads();
                results.AddRange(parameters.Select(parameter => file.Compare($"out.p{step + 1}.{parameter.Name}", parameter.Value.ToFloats())));
                results.AddRange(parameters.Select(parameter => file.Compare($"out.delta{step + 1}.{parameter.Name}", Difference(parameter, file))));
            }
        }
        finally
        {
            Array.ForEach(parameters, static parameter => parameter.Dispose());
        }

        return results;
    }

    private static float[] Difference(Parameter parameter, GoldenFile file) =>
        [.. parameter.Value.ToFloats().Zip(file.Floats($"in.p0.{parameter.Name}"), static (now, before) => now - before)];

    private static List<Comparison> Clip(GoldenFile file, Device device)
    {
        List<Comparison> results = [];
        foreach (string group in new[] { "big", "small", "edge" })
        {
            Parameter[] parameters = [.. Names(file, $"in.{group}.").Select(name => Make(device, file, $"in.{group}.{name}", name))];
            try
            {
                foreach (Parameter parameter in parameters)
                {
                    Give(parameter, file, $"in.{group}.{parameter.Name}");
                }

                double norm = GradientClip.Norm(parameters);
                GradientClip.Scale(parameters, GradientClip.Factor(norm, file.Config.GetProperty("max_norm").GetDouble()));
                results.Add(file.Compare($"out.{group}.norm", [(float)norm]));
                results.AddRange(parameters.Select(parameter => file.Compare($"out.{group}.{parameter.Name}", parameter.Grad!.ToFloats())));
            }
            finally
            {
                Array.ForEach(parameters, static parameter => parameter.Dispose());
            }
        }

        return results;
    }

    private static List<Comparison> Average(GoldenFile file, Device device)
    {
        using Parameter parameter = Make(device, file, "in.p0", "p");
        using WeightAverage average = new([parameter], file.Config.GetProperty("decay").GetDouble());
        List<Comparison> results = [];
        for (int step = 1; file.Has($"in.p{step}"); step++)
        {
            parameter.Value.CopyFrom<float>(file.Floats($"in.p{step}"));
            average.Update();
            results.Add(file.Compare($"out.ema{step}", average.Averages.Single().Value.ToFloats()));
        }

        return results;
    }

    private static IEnumerable<string> Names(GoldenFile file, string prefix) =>
        file.Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Select(name => name[prefix.Length..]);

    private static Parameter Make(Device device, GoldenFile file, string tensor, string name)
    {
        Parameter parameter = Parameter.New(device, name, new Shape(file.ShapeOf(tensor)));
        parameter.Value.CopyFrom<float>(file.Floats(tensor));
        parameter.Trainable = true;
        return parameter;
    }

    private static void Give(Parameter parameter, GoldenFile file, string tensor)
    {
        using Pass pass = Pass.Inference(parameter.Value.Device);
        parameter.AccumulateGrad(pass.From<float>(parameter.Shape, file.Floats(tensor)));
    }
}
