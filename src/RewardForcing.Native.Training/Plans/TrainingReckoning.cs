using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Reckons the memory of a training, owner by owner.</summary>
/// <param name="request">The training.</param>
internal sealed class TrainingReckoning(TrainingPlanRequest request)
{
    private const long TextEncoderParameters = 5_680_910_336;
    private const long VaeParameters = 126_892_531;

    // VideoReward with its adapters merged, and what ten frames take.
    private const long RewardParameters = 2_208_000_000;
    private const long RewardWork = 300_000_000;

    // Tensors as wide as the residual stream, as the feed-forward's inner layer, and as keys of past frames, which a recorded block holds at its peak.
    private const int BlockStreams = 18;
    private const int BlockInner = 3;
    private const int BlockWindows = 4;

    // Largest convolution of the VAE, 384 channels to 384 in 27 taps.
    private const long LargestFilter = 384 * 384 * 27;
    private const long Workspace = 32 << 20;
    private const int Spatial = 8;
    private const int Temporal = 4;

    private readonly int _bytes = request.Type.Size();
    private readonly long _frameTokens = (long)(request.Latents[3] / request.Student.Patch) * (request.Latents[4] / request.Student.Patch);

    private long Tokens => request.Latents[0] * request.Latents[1] * _frameTokens;

    /// <summary>Plans a training.</summary>
    public static TrainingPlan Plan(TrainingPlanRequest request)
    {
        if (request.Latents.Rank != 5 || request.Gpus < 1 || request.BlockFrames < 1)
        {
            throw new ArgumentException($"plan: expected latents [B, F, C, H, W], at least one GPU and one frame to a block, got {request.Latents}, {request.Gpus} and {request.BlockFrames}.", nameof(request));
        }

        TrainingReckoning reckoning = new(request);
        return new TrainingPlan(request, Present(reckoning.Always()), [.. reckoning.Phases()]);
    }

    private static MemoryOwner[] Present(IEnumerable<MemoryOwner> owners) => [.. owners.Where(static owner => owner.Bytes > 0)];

    private static MemoryPhase Phase(string name, params IEnumerable<MemoryOwner> owners) => new(name, Present(owners));

    private static long Count(WanConfig config) => config.Parameters().Sum(static parameter => parameter.Shape.Count);

    private long Shard(long bytes) => request.Sharding == TrainingSharding.None ? bytes : (bytes + request.Gpus - 1) / request.Gpus;

    private long Working(WanConfig config) => request.Type == DType.F32 ? 0 : Count(config) * _bytes;

    private IEnumerable<MemoryOwner> Always()
    {
        IEnumerable<MemoryOwner> owners = Trained("generator", request.Student, request.StudentHasMoment);
        if (request.HasAverage && !request.AverageOnHost)
        {
            owners = owners.Append(new("generator average, F32", Shard(4 * Count(request.Student))));
        }

        owners = request.Critic is { } critic ? owners.Concat(Trained("critic", critic, request.CriticHasMoment)) : owners;
        owners = owners.Append(Gradients());
        owners = request.Teacher is { } teacher ? owners.Append(Teacher(teacher)) : owners;
        return owners.Concat(
        [
            new("text encoder weights", request.KeepsTextEncoder ? Shard(TextEncoderParameters * (request.Sharding == TrainingSharding.Everything ? 4 : _bytes)) : 0),
            new("VAE weights", request.Reward == PlannedReward.None ? 0 : VaeParameters * _bytes),
            new("reward weights", request.Reward == PlannedReward.VideoReward ? RewardParameters * _bytes : 0),
            new("driver and kernels", MemoryPlan.DriverBytes),
        ]);
    }

    private IEnumerable<MemoryOwner> Trained(string name, WanConfig config, bool hasMoment)
    {
        long count = Count(config);
        yield return new($"{name} master weights, F32", Shard(4 * count));
        yield return new($"{name} mean of squares, F32", Shard(4 * count));
        yield return new($"{name} mean of gradients, F32", hasMoment ? Shard(4 * count) : 0);
        yield return new($"{name} working copy, {request.Type}", request.Sharding == TrainingSharding.Everything ? 0 : Working(config));
    }

    // The two networks are moved one after the other and a moved one's gradients are given back, so whole buffers are shared; shards stay.
    private MemoryOwner Gradients()
    {
        long student = 4 * Count(request.Student), critic = request.Critic is { } config ? 4 * Count(config) : 0;
        return new("gradients, F32", request.Sharding == TrainingSharding.None ? Math.Max(student, critic) : Shard(student) + Shard(critic));
    }

    private MemoryOwner Teacher(WanConfig teacher)
    {
        long count = Count(teacher);
        long block = teacher.Parameters().Where(static parameter => parameter.Name.StartsWith("blocks.0.", StringComparison.Ordinal)).Sum(static parameter => parameter.Shape.Count);
        return request.TeacherAs switch
        {
            TeacherPlacement.EightBit => new("teacher weights, 8 bits", Shard(count) + (2L * teacher.Dim * teacher.FfnDim)),
            TeacherPlacement.Streamed => new("teacher weights, two blocks at a time", _bytes * (count - ((teacher.Layers - 2) * block))),
            _ => new($"teacher weights, {(request.Sharding == TrainingSharding.Everything ? DType.F32 : request.Type)}", Shard(count * (request.Sharding == TrainingSharding.Everything ? 4 : _bytes))),
        };
    }

    private IEnumerable<MemoryPhase> Phases()
    {
        if (request.Critic is null)
        {
            yield return Phase("a clip goes forth and back", WholePass("generator", request.Student));
            yield break;
        }

        long frames = request.Latents[1], block = request.Latents[0] * request.BlockFrames * _frameTokens;
        long caches = 2L * request.Student.Layers * Tokens * request.Student.Dim * _bytes;
        long window = request.Latents[0] * _frameTokens * (request.WindowFrames < 0 ? frames : Math.Min(frames, request.WindowFrames));
        long recorded = Block(request.Student, block, window), blocks = (frames + request.BlockFrames - 1) / request.BlockFrames;
        MemoryOwner[] rollout =
        [
            new("keys and values of past frames", caches),
            new("gradients of past frames", request.StraightThrough ? caches : 0),
            new("generator working copy, gathered", Gathered(request.Student)),
            request.Checkpoints ? new("generator inputs of blocks, kept", request.Student.Layers * Tokens * request.Student.Dim * _bytes)
                : new("generator activations, kept", request.Student.Layers * blocks * recorded),
        ];
        yield return Phase("rolling out", [.. rollout, new("generator at work", recorded)]);
        if (request.Reward != PlannedReward.None)
        {
            yield return Phase("decoding and judging", [.. rollout, new("decoder at work", Decoding()), new("reward at work", request.Reward == PlannedReward.VideoReward ? RewardWork : Pixels() / 3)]);
        }

        WanConfig asked = request.Teacher is { } teacher && teacher.Dim > request.Critic.Dim ? teacher : request.Critic;
        yield return Phase("asking teacher and critic", [.. rollout, new("teacher or critic at work", Silent(asked)), new("teacher blocks, gathered", TeacherUnits(asked))]);
        yield return Phase("the generator goes back", [.. rollout, new("generator at work", recorded), .. Reduced(request.Student)]);
        yield return Phase("the critic goes forth and back", WholePass("critic", request.Critic));
    }

    // A bidirectional network, or a causal one over a whole clip, trained.
    private IEnumerable<MemoryOwner> WholePass(string name, WanConfig config)
    {
        long recorded = Block(config, Tokens, keys: 0);
        yield return request.Checkpoints ? new($"{name} inputs of blocks, kept", config.Layers * Tokens * config.Dim * _bytes) : new($"{name} activations, kept", config.Layers * recorded);
        yield return new($"{name} at work", recorded);
        yield return new($"{name} working copy, gathered", Gathered(config));
        foreach (MemoryOwner owner in Reduced(config))
        {
            yield return owner;
        }
    }

    // Gradients come whole before they are divided; the reference sums them in the activations' type and reduces them in F32.
    private IEnumerable<MemoryOwner> Reduced(WanConfig config)
    {
        yield return new("gradients before they are divided", request.Sharding == TrainingSharding.None ? 0 : Count(config) * _bytes);
        yield return new("gradients on their way, F32", request.Sharding == TrainingSharding.Everything ? 4 * Count(config) : 0);
    }

    private long Gathered(WanConfig config) => request.Sharding == TrainingSharding.Everything ? Count(config) * _bytes : 0;

    // Two of a block's parts are on their way at a time; the largest is an attention.
    private long TeacherUnits(WanConfig teacher) => request.Sharding == TrainingSharding.None || request.TeacherAs == TeacherPlacement.Streamed ? 0 : 2L * 4 * teacher.Dim * teacher.Dim * _bytes;

    private long Block(WanConfig config, long tokens, long keys) =>
        (((BlockStreams * tokens) + (BlockWindows * keys)) * config.Dim * _bytes) + (BlockInner * tokens * config.FfnDim * _bytes) + Workspace;

    private long Silent(WanConfig config) =>
        new TransformerMemory(config, request.Type, request.Latents[0], request.Latents[3], request.Latents[4], Workspace).WholePass(request.Latents[1]);

    private long Pixels() => 3L * request.Latents[0] * (1 + (Temporal * (request.Latents[1] - 1L))) * Spatial * request.Latents[3] * Spatial * request.Latents[4] * sizeof(float);

    private long Decoding()
    {
        Shape block = new(request.Latents[0], request.BlockFrames, request.Latents[3], request.Latents[4], request.Latents[2]);
        DecoderMemory decoder = DecoderMemory.Vae(VaeConfig.Wan21, request.Type, block, new WeightMemory(VaeParameters * _bytes, LargestFilter * _bytes, 0), historyOnHost: false, Workspace);
        return decoder.History + decoder.Working + Pixels();
    }
}
