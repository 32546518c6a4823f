using System.Text.Json;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Distribution matching of clips of data that the student cleans in one pass, with its gradients.</summary>
public sealed class CausVidRunner : GoldenRunner
{
    private const string Student = "student";

    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => file.Has("in.clean_latent") && file.Has("in.step_noise.0") && file.Has("out.noisy_input") && file.Has("out.z");

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        using GoldenNetworks networks = new(file, device);
        networks.Train(Student, true);
        using Pass pass = Pass.Training(device), silent = Pass.Inference(device);
        DistributionMatching matching = networks.Matching(file);
        NoisedClipStudent student = new(networks[Student], matching.Noising);
        Tensor clean = WanGolden.Tensor(pass, file, "in.clean_latent");
        float[] timesteps = file.Floats("in.timestep");
        Tensor noisy = student.Noised(pass, clean, StepNoise(pass, file), timesteps);
        TrainingMask mask = new()
        {
            FramesPerBlock = file.Config.GetProperty("num_frame_per_block").GetInt32(),
            LocalFrames = -1,
            CleanX = file.Config.GetProperty("teacher_forcing").GetBoolean() ? Permute.Forward(pass, clean, 0, 2, 1, 3, 4) : null,
        };
        Tensor text = WanGolden.Tensor(pass, file, "in.prompt_embeds");
        Tensor clip = student.Predict(pass, noisy, timesteps, text, mask).X0;
        MatchingGradient found = matching.Gradient(
            silent, clip, WanGolden.Tensor(silent, file, "in.eps"), DistillationRunner.Times(file, "in.t_int"), text, WanGolden.Tensor(silent, file, "in.negative_embeds"));
        pass.Backward(clip, found.Seed);
        return
        [
            file.Compare("out.noisy_input", noisy.ToFloats()), file.Compare("out.z", clip.ToFloats()), file.Compare("out.z_t", found.Noisy!.ToFloats()),
            file.Compare("out.grad", found.Gradient.ToFloats()), file.Compare("out.loss", [(float)found.Loss]), .. networks.Gradients(file, Student, Student),
        ];
    }

    // Noise is drawn for every step; each frame takes that of its own.
    private static Tensor StepNoise(Pass pass, GoldenFile file)
    {
        int[] shape = file.ShapeOf("in.clean_latent"), index = file.Ints("in.index");
        int frame = shape[2] * shape[3] * shape[4];
        Dictionary<int, float[]> steps = index.Distinct().Where(step => file.Has($"in.step_noise.{step}")).ToDictionary(static step => step, step => file.Floats($"in.step_noise.{step}"));
        return pass.From<float>(
            new Shape(shape), [.. Enumerable.Range(0, index.Length).SelectMany(row => steps.TryGetValue(index[row], out float[]? noise) ? noise.AsSpan(row * frame, frame).ToArray() : new float[frame])]);
    }
}
