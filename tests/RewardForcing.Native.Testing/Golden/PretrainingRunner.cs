using System.Text.Json;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Losses before distillation: diffusion forcing, teacher forcing and the regression of trajectories, with the gradients of the weights.</summary>
public sealed class PretrainingRunner : GoldenRunner
{
    private const string Student = "student";

    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => IsRegression(file) || (file.Has("in.clean_latent") && file.Has("in.noise") && file.Has("out.per_frame_mse"));

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        using GoldenNetworks networks = new(file, device);
        networks.Train(Student, true);
        using Pass pass = Pass.Training(device);
        FlowMatchSchedule schedule = new(file.Config.GetProperty("timestep_shift").GetSingle());
        (Tensor loss, List<Comparison> results) = IsRegression(file)
            ? Regression(pass, file, new OdeRegressionLoss(networks[Student], schedule))
            : Matching(pass, file, new FlowMatchingLoss(networks[Student], schedule));
        results.Add(file.Compare("out.loss", loss.ToFloats()));
        pass.Backward(loss);
        results.AddRange(networks.Gradients(file, Student, Student));
        return results;
    }

    private static bool IsRegression(GoldenFile file) => file.Has("in.ode_latent") && file.Has("out.noisy_input");

    private static (Tensor Loss, List<Comparison> Results) Matching(Pass pass, GoldenFile file, FlowMatchingLoss loss)
    {
        Tensor clean = WanGolden.Tensor(pass, file, "in.clean_latent"), noise = WanGolden.Tensor(pass, file, "in.noise");
        float[] timesteps = file.Floats("in.timestep");
        Tensor? context = file.Config.GetProperty("teacher_forcing").GetBoolean() ? clean : null;
        List<Comparison> results = [file.Compare("out.weight", Array.ConvertAll(timesteps, loss.Schedule.TrainingWeightOf))];
        float[] contextTimes = [];
        if (context is not null && file.Has("in.taug_timestep"))
        {
            contextTimes = file.Floats("in.taug_timestep");
            Shape rows = new(clean.Shape[0] * clean.Shape[1], clean.Shape[2], clean.Shape[3], clean.Shape[4]);
            context = pass.Reshape(AddNoise.Forward(pass, pass.Reshape(clean, rows), pass.Reshape(noise, rows), Array.ConvertAll(contextTimes, loss.Schedule.SigmaOf)), clean.Shape);
            results.Add(file.Compare("out.clean_aug", context.ToFloats()));
        }

        TrainingMask mask = Mask(file) with { CleanX = context is null ? null : Permute.Forward(pass, context, 0, 2, 1, 3, 4), CleanTimesteps = contextTimes };
        (Tensor value, Tensor noisy, Tensor flow) = loss.Forward(pass, clean, noise, timesteps, WanGolden.Tensor(pass, file, "in.prompt_embeds"), mask);
        results.Add(file.Compare("out.noisy", noisy.ToFloats()));
        results.Add(file.Compare("out.flow", flow.ToFloats()));
        return (value, results);
    }

    private static (Tensor Loss, List<Comparison> Results) Regression(Pass pass, GoldenFile file, OdeRegressionLoss loss)
    {
        int[] shape = file.ShapeOf("in.ode_latent");
        (int points, int frames) = (shape[1], shape[2]);
        float[] all = file.Floats("in.ode_latent");
        int[] index = file.Ints("in.index");
        int frame = shape[3] * shape[4] * shape[5];
        float[] Row(int sample, int point, int at) => all.AsSpan(((((sample * points) + point) * frames) + at) * frame, frame).ToArray();
        Shape clip = new(shape[0], frames, shape[3], shape[4], shape[5]);
        Tensor start = pass.From<float>(clip, [.. Enumerable.Range(0, shape[0] * frames).SelectMany(row => Row(row / frames, index[row], row % frames))]);
        Tensor end = pass.From<float>(clip, [.. Enumerable.Range(0, shape[0] * frames).SelectMany(row => Row(row / frames, points - 1, row % frames))]);
        (Tensor value, Tensor flow, Tensor x0) = loss.Forward(pass, start, end, file.Floats("in.timestep"), WanGolden.Tensor(pass, file, "in.prompt_embeds"), Mask(file));
        return (value, [file.Compare("out.noisy_input", start.ToFloats()), file.Compare("out.flow", flow.ToFloats()), file.Compare("out.x0", x0.ToFloats())]);
    }

    private static TrainingMask Mask(GoldenFile file) => new()
    {
        FramesPerBlock = file.Config.GetProperty("num_frame_per_block").GetInt32(),
        LocalFrames = file.Config.TryGetProperty("local_attn_size", out JsonElement local) ? local.GetInt32() : -1,
    };
}
