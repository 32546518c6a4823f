using System.Text.Json;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Self-forcing roll-outs: clip, caches, and the student's gradients for a given gradient of the clip, past frames detached and straight through.</summary>
public sealed class RolloutRunner : GoldenRunner
{
    private const string Student = "student";

    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => file.Has("in.noise") && file.Has("in.exit_steps") && file.Has("out.video") && file.Has("in.grad_output");

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        using GoldenNetworks networks = new(file, device);
        List<Comparison> results = [];
        foreach ((CacheGradient gradient, string mode) in new[] { (CacheGradient.Detached, "detached"), (CacheGradient.StraightThrough, "straight_through") })
        {
            networks.Train(Student, true);
            using CausalState state = State(file, networks[Student], gradient);
            using Pass pass = Pass.Training(device);
            Tensor? initial = file.Has("in.initial_latent") ? WanGolden.Tensor(pass, file, "in.initial_latent") : null;
            Tensor video = Rollout(file, networks[Student]).Run(pass, state, WanGolden.Tensor(pass, file, "in.prompt_embeds"), Draws(pass, file, string.Empty), initial);
            results.Add(file.Compare("out.video", video.ToFloats()));
            for (int layer = 0; file.Has($"out.cache_k.{layer}"); layer++)
            {
                int count = file.Floats($"out.cache_k.{layer}").Length;
                results.Add(file.Compare($"out.cache_k.{layer}", state.K(layer).ToFloats().AsSpan(0, count)));
                results.Add(file.Compare($"out.cache_v.{layer}", state.V(layer).ToFloats().AsSpan(0, count)));
            }

            pass.Backward(video, WanGolden.Tensor(pass, file, "in.grad_output"));
            results.AddRange(networks.Gradients(file, Student, mode));
        }

        return results;
    }

    /// <summary>Caches that hold every frame of the clip.</summary>
    internal static CausalState State(GoldenFile file, WanTransformer student, CacheGradient gradient)
    {
        int[] noise = file.ShapeOf(file.Has("in.noise") ? "in.noise" : "in.s0.G0.noise");
        int frames = noise[1] + (file.Has("in.initial_latent") ? file.ShapeOf("in.initial_latent")[1] : 0);
        CachePolicy policy = CachePolicy.RewardForcing with
        {
            WindowFrames = file.Config.TryGetProperty("local_attn_size", out JsonElement window) ? window.GetInt32() : 9,
            SinkFrames = file.Config.TryGetProperty("sink_size", out JsonElement sink) ? sink.GetInt32() : 3,
            CapacityFrames = frames,
        };
        return new CausalState(student, policy, noise[0], noise[3], noise[4], file.Type, frames) { Gradient = gradient };
    }

    /// <summary>The roll-out of a case.</summary>
    internal static SelfForcingRollout Rollout(GoldenFile file, WanTransformer student)
    {
        FlowMatchSchedule schedule = new(file.Config.TryGetProperty("timestep_shift", out JsonElement shift) ? shift.GetSingle() : 5);
        int[] list = file.Config.TryGetProperty("denoising_step_list", out JsonElement steps) ? [.. steps.EnumerateArray().Select(static step => step.GetInt32())] : [1000, 750, 500, 250];
        int block = file.Config.TryGetProperty("num_frame_per_block", out JsonElement frames) ? frames.GetInt32() : 3;
        return new SelfForcingRollout(student, schedule, [.. schedule.Warp(list).Where(static timestep => timestep != 0)])
        {
            FramesPerBlock = block,
            IndependentFirstFrame = !file.Has("in.initial_latent") && file.Has("in.noise") && file.ShapeOf("in.noise")[1] % block == 1,
            GradientFrames = file.Config.TryGetProperty("grad_window_frames", out JsonElement window) ? window.GetInt32() : 21,
            Refresh = file.Config.TryGetProperty("context_refresh", out JsonElement refresh) && refresh.GetString() != "reference" ? ContextRefresh.Clean : ContextRefresh.Reference,
        };
    }

    /// <summary>The draws of a case, whose names begin with a prefix.</summary>
    internal static RolloutDraws Draws(Pass pass, GoldenFile file, string prefix) => new(
        WanGolden.Input(pass, file, $"in.{prefix}noise"), file.Ints($"in.{prefix}exit_steps"),
        (inner, block, step) => WanGolden.Input(inner, file, $"in.{prefix}renoise.{block}.{step}"), (inner, block) => WanGolden.Input(inner, file, $"in.{prefix}ctx_noise.{block}"));
}
