using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;
using Xunit;

namespace RewardForcing.Native.Tests.Training;

/// <summary>Against the table of memory in spec/training.md 7.3, to the precision that it states.</summary>
public class TrainingPlanTests
{
    private const long H100 = 80_000_000_000;

    private static readonly TrainingPlanRequest _published = new()
    {
        Student = WanConfig.T2V1_3B,
        Critic = WanConfig.T2V1_3B,
        Teacher = WanConfig.T2V14B,
        TeacherName = "Wan2.1-T2V-14B",
        WindowFrames = 9,
        HasAverage = true,
        AverageOnHost = true,
        Reward = PlannedReward.VideoReward,
    };

    [Fact]
    public void Of_OneGpu_HasTheStaticItemsOfTheTable()
    {
        TrainingPlan plan = TrainingPlan.Of(_published with { Teacher = WanConfig.T2V1_3B });
        foreach ((string name, double gigabytes) in new[]
        {
            ("generator master weights, F32", 5.68), ("generator mean of squares, F32", 5.68), ("generator working copy, BF16", 2.84), ("critic master weights, F32", 5.68),
            ("critic mean of squares, F32", 5.68), ("critic working copy, BF16", 2.84), ("gradients, F32", 5.68), ("teacher weights, BF16", 2.84), ("VAE weights", 0.25), ("reward weights", 4.42),
        })
        {
            Assert.Equal(gigabytes, plan.Always.Single(owner => owner.Name == name).Bytes / 1e9, 0.006);
        }

        Assert.Equal(41.7, plan.StaticBytes / 1e9, 0.15);
        Assert.Equal(6.04, Owner(plan, "keys and values of past frames"), 0.006);
        Assert.Equal(3.02, Owner(plan, "generator inputs of blocks, kept"), 0.006);
        Assert.Equal(3.02, Owner(plan, "critic inputs of blocks, kept"), 0.006);
        Assert.InRange(Owner(plan, "critic at work"), 2, 4);
        Assert.InRange(Owner(plan, "generator at work"), 0.4, 1.1);

        // The table's 3 to 5 are those of a decoder that keeps all frames; ours keeps what a block needs.
        Assert.InRange(Owner(plan, "decoder at work"), 1, 5);
        Assert.Equal(28.58, TrainingPlan.Of(_published).Always.Single(static owner => owner.Name == "teacher weights, BF16").Bytes / 1e9, 0.006);
        Assert.InRange(Owner(TrainingPlan.Of(_published), "teacher or critic at work"), 2, 6);
    }

    [Theory]
    [InlineData(false, TeacherPlacement.Resident, 53.5, 62)]
    [InlineData(true, TeacherPlacement.Resident, 79, 87)]
    [InlineData(true, TeacherPlacement.EightBit, 65, 73)]
    public void Of_OneGpu_TotalsAreInTheRangesOfTheTable(bool large, TeacherPlacement placement, double least, double most) =>
        Assert.InRange(TrainingPlan.Of(_published with { Teacher = large ? WanConfig.T2V14B : WanConfig.T2V1_3B, TeacherAs = placement }).Bytes / 1e9, least, most);

    [Fact]
    public void Of_EightGpus_TotalsAreThoseOfTheTable()
    {
        TrainingPlan reference = TrainingPlan.Of(_published with { Gpus = 8, Sharding = TrainingSharding.Everything, KeepsTextEncoder = true, StudentHasMoment = true, CriticHasMoment = true, StraightThrough = true });
        Assert.Equal(21.0, reference.StaticBytes / 1e9, 1.0);
        Assert.InRange(reference.Largest.Bytes / 1e9, 25, 30);
        Assert.Equal(50.0, reference.Bytes / 1e9, 3.0);
        TrainingPlan ours = TrainingPlan.Of(_published with { Gpus = 8, Sharding = TrainingSharding.Optimizer, AverageOnHost = false, StraightThrough = true });
        Assert.InRange(ours.StaticBytes / 1e9, 16, 20);
        Assert.Equal(40.0, ours.Bytes / 1e9, 3.0);
    }

    [Fact]
    public void Require_TooLargeATeacher_SaysWhatWouldFit()
    {
        string refusal = Assert.Throws<DeviceMemoryException>(() => TrainingPlan.Of(_published).Require("cuda:0", H100)).Message;
        Assert.Contains("cuda:0: this training does not fit", refusal, StringComparison.Ordinal);
        Assert.Contains("teacher weights, BF16 28.58 GB", refusal, StringComparison.Ordinal);
        Assert.Contains("weights of Wan2.1-T2V-14B stored in fp8", refusal, StringComparison.Ordinal);
        Assert.Contains("stream_teacher: true", refusal, StringComparison.Ordinal);
        Assert.Contains("real_name: Wan2.1-T2V-1.3B", refusal, StringComparison.Ordinal);
        TrainingPlan.Of(_published with { Teacher = WanConfig.T2V1_3B }).Require("cuda:0", H100);
    }

    [Fact]
    public void Require_SmallDevice_SaysHowMuchIsNeededAtLeast()
    {
        TrainingPlanRequest request = _published with { Checkpoints = false, KeepsTextEncoder = true };
        Assert.Contains("with gradient_checkpointing: true and", Assert.Throws<DeviceMemoryException>(() => TrainingPlan.Of(request).Require("cuda:0", 24_000_000_000)).Message, StringComparison.Ordinal);
        Assert.Contains("image_or_video_shape", Assert.Throws<DeviceMemoryException>(() => TrainingPlan.Of(request).Require("cuda:0", 24_000_000_000)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_WithoutCheckpointing_TakesManyTimesTheActivations()
    {
        TrainingPlan with = TrainingPlan.Of(_published), without = TrainingPlan.Of(_published with { Checkpoints = false });
        Assert.True(without.Largest.Bytes > 4 * with.Largest.Bytes, $"{with.Largest.Bytes} and {without.Largest.Bytes}");
        Assert.Equal(with.StaticBytes, without.StaticBytes);
    }

    [Fact]
    public void Of_PublishedConfiguration_IsReadFromItsKeys()
    {
        TrainingPlanRequest request = TrainingPlanRequest.Of(TrainingSettings.Read(null));
        Assert.Equal((WanConfig.T2V1_3B, WanConfig.T2V1_3B, WanConfig.T2V14B), (request.Student, request.Critic, request.Teacher));
        Assert.Equal((new Shape(1, 21, 16, 60, 104), 3, 9, DType.BF16, true), (request.Latents, request.BlockFrames, request.WindowFrames, request.Type, request.Checkpoints));
        Assert.Equal((false, false, true, PlannedReward.Motion), (request.StudentHasMoment, request.CriticHasMoment, request.HasAverage, request.Reward));
        Assert.True(request.KeepsTextEncoder);
        string[] lines = [.. TrainingPlan.Of(request).Lines(H100)];
        Assert.Equal("memory of the GPU, always there:", lines[0]);
        Assert.Contains(lines, static line => line.StartsWith("  teacher weights, BF16 ", StringComparison.Ordinal) && line.EndsWith("28.58 GB", StringComparison.Ordinal));
        Assert.StartsWith("  of which the device has ", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Of_UnknownNetwork_IsRefusedByName() =>
        Assert.Contains("nothing is known of the sizes of Wan9", Assert.Throws<ArgumentException>(() => TrainingPlanRequest.Of(TrainingSettings.Read(Config("real_name: Wan9\ntrainer: score_distillation\n")))).Message, StringComparison.Ordinal);

    [Fact]
    public void Of_OneNetwork_HasNoScores()
    {
        TrainingPlan plan = TrainingPlan.Of(TrainingPlanRequest.Of(TrainingSettings.Read(Config("trainer: diffusion\n"))));
        Assert.Equal("a clip goes forth and back", Assert.Single(plan.Phases).Name);
        Assert.DoesNotContain(plan.Always, static owner => owner.Name.StartsWith("critic", StringComparison.Ordinal) || owner.Name.StartsWith("teacher", StringComparison.Ordinal));
    }

    [Fact]
    public void Of_Vae_IsRefused() =>
        Assert.Contains("trainer vae has no plan", Assert.Throws<ArgumentException>(() => TrainingPlanRequest.Of(TrainingSettings.Read(Config("trainer: vae\n")))).Message, StringComparison.Ordinal);

    private static string Config(string text)
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("rf-plan-").FullName, "run.yaml");
        File.WriteAllText(path, text);
        return path;
    }

    private static double Owner(TrainingPlan plan, string name) => plan.Phases.SelectMany(static phase => phase.Owners).First(owner => owner.Name == name).Bytes / 1e9;
}
