using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Score identity distillation of a roll-out, with the gradients of student and critic.</summary>
public sealed class ScoreIdentityRunner : GoldenRunner
{
    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => file.HasConfig("sid_alpha") && file.Has("in.exit_steps") && file.Has("out.dz");

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        using GoldenNetworks networks = new(file, device);
        networks.Train("student", true);
        networks.Train("critic", true);
        using CausalState state = RolloutRunner.State(file, networks["student"], CacheGradient.Detached);
        using Pass pass = Pass.Training(device), silent = Pass.Inference(device);
        DistributionMatching matching = networks.Matching(file);
        ScoreIdentity identity = new(matching.Teacher, matching.Critic, matching.Noising) { Alpha = file.Config.GetProperty("sid_alpha").GetDouble(), TeacherGuidance = matching.TeacherGuidance };
        Tensor text = WanGolden.Tensor(pass, file, "in.prompt_embeds");
        Tensor clip = RolloutRunner.Rollout(file, networks["student"]).Run(pass, state, text, RolloutRunner.Draws(pass, file, string.Empty));
        MatchingGradient found = identity.Gradient(
            silent, clip, WanGolden.Tensor(silent, file, "in.eps"), DistillationRunner.Times(file, "in.t_int"), text, WanGolden.Tensor(silent, file, "in.negative_embeds"));
        pass.Backward(clip, found.Seed);
        return
        [
            file.Compare("out.z", clip.ToFloats()), file.Compare("out.fake_x0", found.Fake!.ToFloats()), file.Compare("out.real_x0", found.Real!.ToFloats()),
            file.Compare("out.loss", [(float)found.Loss]), file.Compare("out.dz", found.Seed.ToFloats()),
            file.Compare("out.normalizer", [.. found.Normalisers.Select(static value => (float)value)]),
            .. networks.Gradients(file, "student", "student_detached"), .. networks.Gradients(file, "critic", "critic"),
        ];
    }
}
