using System.Text.Json;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>One pass of a network over a whole video as trainers call it, frames before channels, and the gradients for a given gradient of the flow.</summary>
public sealed class TrainingForwardRunner : GoldenRunner
{
    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => file.Has("in.x") && file.Has("in.prompt_embeds") && file.Has("in.grad_flow") && file.Has("out.flow");

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        using GoldenNetworks networks = new(file, device);
        string role = networks.Roles.Single();
        WanTransformer model = networks[role];
        using CaseTensors tensors = new(file, device);
        tensors.Train(model.Weights);
        Pass pass = tensors.Pass;
        Tensor x = tensors["in.x"], prompt = tensors["in.prompt_embeds"];
        Tensor flow = model.Forward(pass, Turned(pass, x), file.Floats("in.timestep"), prompt, null, Mask(tensors, file));
        Tensor result = Turned(pass, flow);
        List<Comparison> results = [file.Compare("out.flow", result.ToFloats())];
        if (file.Has("out.x0_shift8"))
        {
            results.Add(file.Compare("out.x0_shift8", Clean(pass, file, result, x)));
        }

        if (!tensors.Differentiates)
        {
            return results;
        }

        pass.Backward(result, pass.From<float>(result.Shape, file.Floats("in.grad_flow")));
        foreach ((string name, Tensor input) in new[] { ("out.grad_x", x), ("out.grad_prompt_embeds", prompt) })
        {
            if (file.Has(name))
            {
                results.Add(file.Compare(name, input.Parameter!.Grad!.ToFloats()));
            }
        }

        results.AddRange(networks.Gradients(file, role, role));
        return results;
    }

    // Trainers keep latents as [B, F, C, H, W], the network takes [B, C, F, H, W].
    private static Tensor Turned(Pass pass, Tensor x) => Permute.Forward(pass, x, 0, 2, 1, 3, 4);

    private static float[] Clean(Pass pass, GoldenFile file, Tensor flow, Tensor x)
    {
        int frames = x.Shape[1];
        float[] times = file.Floats("in.timestep");
        FlowMatchSchedule schedule = new(file.Config.GetProperty("shift").GetSingle());
        float[] sigmas = [.. Enumerable.Range(0, x.Shape[0] * frames).Select(row => schedule.SigmaOf(times.Length == x.Shape[0] ? times[row / frames] : times[row]))];
        Shape rows = new(x.Shape[0] * frames, x.Shape[2], x.Shape[3], x.Shape[4]);
        return FlowToX0.Forward(pass, pass.Reshape(flow, rows), pass.Reshape(x, rows), sigmas).ToFloats();
    }

    private static TrainingMask? Mask(CaseTensors tensors, GoldenFile file) => !file.Config.TryGetProperty("num_frame_per_block", out JsonElement block) ? null : new TrainingMask
    {
        FramesPerBlock = block.GetInt32(),
        LocalFrames = file.Config.TryGetProperty("local_attn_size", out JsonElement local) && local.ValueKind == JsonValueKind.Number ? local.GetInt32() : -1,
        IndependentFirstFrame = file.Config.TryGetProperty("independent_first_frame", out JsonElement first) && first.GetBoolean(),
        CleanX = file.Has("in.clean_x") ? Turned(tensors.Pass, tensors["in.clean_x"]) : null,
        CleanTimesteps = file.Has("in.taug_timestep") ? file.Floats("in.taug_timestep") : default,
    };
}
