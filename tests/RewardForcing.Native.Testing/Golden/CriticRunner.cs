using RewardForcing.Native.Generation;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>The critic's loss in its forms, and the gradients of its weights.</summary>
public sealed class CriticRunner : GoldenRunner
{
    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => file.Has("in.z") && file.Has("in.eps") && file.Has("out.loss_direct") && file.Has("out.v_raw");

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        using GoldenNetworks networks = new(file, device);
        FlowMatchSchedule student = new(file.Config.GetProperty("timestep_shift").GetSingle()), scores = new(file.Config.GetProperty("score_shift").GetSingle());
        CriticLoss loss = new(new ScoreNetwork(networks["critic"], scores), student);
        int frames = file.ShapeOf("in.z")[1];
        float[] timesteps = [.. file.Floats("in.timestep").Where((_, i) => i % frames == 0)];
        List<Comparison> results =
        [
            file.Compare("out.sigma8", Array.ConvertAll(timesteps, scores.SigmaOf)), file.Compare("out.sigma5", Array.ConvertAll(timesteps, student.SigmaOf)),
        ];
        foreach ((CriticFlow form, string mode, string flow) in new[] { (CriticFlow.Direct, "direct", "out.v_raw"), (CriticFlow.Reference, "reference", "out.v_hat_reference") })
        {
            results.AddRange(Run(file, device, networks, mode, pass =>
            {
                (Tensor value, Tensor got) = loss.Flow(pass, Z(pass, file), Noise(pass, file), timesteps, Text(pass, file), form);
                results.Add(file.Compare(flow, got.ToFloats()));
                return value;
            }));
        }

        if (file.Has("out.loss_x0"))
        {
            results.AddRange(Run(file, device, networks, "x0", pass => loss.X0(pass, Z(pass, file), Noise(pass, file), timesteps, Text(pass, file))));
        }

        return results;
    }

    private static List<Comparison> Run(GoldenFile file, Device device, GoldenNetworks networks, string mode, Func<Pass, Tensor> loss)
    {
        networks.Train("critic", true);
        using Pass pass = Pass.Training(device);
        Tensor value = loss(pass);
        List<Comparison> results = [file.Compare($"out.loss_{mode}", value.ToFloats())];
        pass.Backward(value);
        results.AddRange(networks.Gradients(file, "critic", mode));
        return results;
    }

    private static Tensor Z(Pass pass, GoldenFile file) => WanGolden.Tensor(pass, file, "in.z");

    private static Tensor Noise(Pass pass, GoldenFile file) => WanGolden.Tensor(pass, file, "in.eps");

    private static Tensor Text(Pass pass, GoldenFile file) => MatchingRunner.Text(pass, file, "in.prompt_embeds", file.ShapeOf("in.z")[0]);
}
