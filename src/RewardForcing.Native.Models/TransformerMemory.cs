using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>What a Wan transformer takes of a device besides its weights, from sizes alone: upper bounds, near what is then used.</summary>
/// <remarks>Follows <see cref="WanTransformer"/>, <see cref="WanBlock"/> and <see cref="WanAttention"/> scope by scope; tests hold it against the pool's peak.</remarks>
/// <param name="config">Sizes.</param>
/// <param name="type">Type of the activations.</param>
/// <param name="batch">Samples, B.</param>
/// <param name="latentHeight">Rows of the latents.</param>
/// <param name="latentWidth">Columns of the latents.</param>
/// <param name="workspace">What a matrix product may take besides, in bytes.</param>
public sealed class TransformerMemory(WanConfig config, DType type, int batch, int latentHeight, int latentWidth, long workspace)
{
    // Noise, steps and results of a sampler, and their copies in another order or type.
    private const int LatentTensors = 12;

    // Tensors as wide as the residual stream that one pass holds of different contents, none used twice: what a captured pass keeps.
    private const int CapturedTensors = 12;

    private readonly TensorSizes _sizes = new(type);
    private readonly long _tokens = (long)(latentHeight / config.Patch) * (latentWidth / config.Patch);

    /// <summary>Keys and values of the text, and of an image, for all layers.</summary>
    public long Context => config.Layers * 2 * (_sizes.Of(batch, config.TextTokens, config.Dim) + (config.IsImageToVideo ? _sizes.Of(batch, config.ClipTokens, config.Dim) : 0));

    /// <summary>The most that encoding one text holds at once, besides the text encoder's weights.</summary>
    /// <param name="encoder">Sizes of the text encoder.</param>
    /// <param name="type">Type of the activations.</param>
    /// <param name="tokens">Tokens of the text.</param>
    /// <param name="workspace">What a matrix product may take besides, in bytes.</param>
    public static long Text(UmT5Config encoder, DType type, int tokens, long workspace)
    {
        TensorSizes sizes = new(type);
        long bias = TensorSizes.F32.Of(encoder.Heads, 2L * tokens);
        return (9 * sizes.Of(tokens, encoder.Dim)) + (5 * sizes.Of(tokens, encoder.AttentionDim)) + (4 * sizes.Of(tokens, encoder.FfnDim)) + (4 * bias) + workspace;
    }

    /// <summary>Keys and values of past frames: <c>2 · layers · B · capacity · tokens · C</c>, and the float copies of an averaging sink.</summary>
    /// <param name="policy">How past frames are kept.</param>
    /// <param name="videoFrames">Latent frames of the whole video.</param>
    public long Caches(CachePolicy policy, int videoFrames)
    {
        long each = _sizes.Of(policy.FramesOf(videoFrames), _tokens, config.Dim);
        bool hasShadows = type == DType.BF16 && policy.SinkFrames > 0 && policy.SinkUpdate != SinkUpdateRule.Static && policy.SinkPrecision == SinkPrecision.Fp32;
        return 2L * config.Layers * batch * (each + (hasShadows ? TensorSizes.F32.Of(policy.SinkFrames, _tokens, config.Dim) : 0));
    }

    /// <summary>The most a pass over a whole video holds at once.</summary>
    /// <param name="frames">Latent frames.</param>
    public long WholePass(int frames)
    {
        long stream = Stream(frames);
        long attention = (9 * stream) + workspace;
        return Math.Max(Preparation, Outside(frames) + Math.Max(attention, Rest(frames)));
    }

    /// <summary>The most that passes over the blocks of a causal video hold at once, and what is kept of them to be replayed.</summary>
    /// <param name="policy">How past frames are kept.</param>
    /// <param name="videoFrames">Latent frames of the whole video.</param>
    /// <param name="blocks">First frame, number of frames and number of denoising passes of each block, in order; a pass over the finished frames follows each.</param>
    /// <param name="replays">Whether passes that come back are captured.</param>
    /// <returns>Bytes of the largest pass that runs as it comes, and bytes of all captured passes.</returns>
    public (long Pass, long Captured) CausalPasses(CachePolicy policy, int videoFrames, IEnumerable<(long First, int Frames, int Passes)> blocks, bool replays)
    {
        int capacity = policy.FramesOf(videoFrames);
        CacheFill fill = default;
        long largest = Preparation;
        Dictionary<(CachePlan, bool, bool), long> captured = [];
        foreach ((long first, int frames, int passes) in blocks)
        {
            for (int pass = 0; pass <= passes; pass++)
            {
                CachePlan plan = fill.Plan(policy, capacity, first, frames);
                if (replays && StepReplays.ComesBack(policy, capacity, plan))
                {
                    captured[StepReplays.KeyOf(plan, pass == passes, fill.ShadowIsValid)] = Captured(policy, plan);
                    largest = Math.Max(largest, Outside(frames));
                }
                else
                {
                    largest = Math.Max(largest, CausalPass(policy, plan));
                }

                fill = fill.After(plan);
            }
        }

        return (largest, captured.Values.OrderDescending().Take(StepReplays.MostKept).Sum());
    }

    // Rows of text with padding, and what the first layers make of them.
    private long Preparation => TensorSizes.F32.Of(batch, config.TextTokens, config.TextDim) + (3 * _sizes.Of(batch, config.TextTokens, config.TextDim))
        + (6 * _sizes.Of(batch, config.TextTokens, config.Dim)) + workspace
        + (config.IsImageToVideo ? 4 * TensorSizes.F32.Of(batch, config.ClipTokens, Math.Max(config.ClipDim, config.Dim)) : 0);

    private long Stream(int frames) => _sizes.Of(batch, frames * _tokens, config.Dim);

    private long Window(int frames) => frames == 0 ? 0 : _sizes.Of(frames, _tokens, config.Dim);

    // What lives as long as the pass: latents, the first layer's input and its patches, times.
    private long Outside(int frames) => (LatentTensors * TensorSizes.F32.Of(batch, config.InChannels, frames, latentHeight, latentWidth))
        + Stream(frames) + _sizes.Of(batch, frames * _tokens, config.InChannels * 4) + Times(frames);

    private long Times(int frames) => (2 * _sizes.Of(batch, frames, 6, config.Dim)) + (4 * _sizes.Of(batch, frames, Math.Max(config.Dim, config.FreqDim)));

    // Behind the self-attention: cross-attention, then the feed-forward with its inner layer before and after the activation.
    private long Rest(int frames)
    {
        long cross = (config.IsImageToVideo ? 9 : 7) * Stream(frames);
        long inner = _sizes.Of(batch, frames * _tokens, config.FfnDim);
        return Math.Max(cross, (4 * Stream(frames)) + Math.Max(2 * inner, inner + (2 * Stream(frames)))) + workspace;
    }

    private long CausalPass(CachePolicy policy, CachePlan plan)
    {
        long stream = Stream(plan.Frames), sample = _sizes.Of(plan.Frames, _tokens, config.Dim);
        long update = (5 * stream) + Updates(policy, plan);
        long attend = (7 * stream) + Windows(policy, plan) + (batch * sample);
        long output = (7 * stream) + (batch * sample) + (2 * stream) + workspace;
        return Outside(plan.Frames) + Math.Max(Math.Max(update, attend), Math.Max(output, Rest(plan.Frames)));
    }

    private long Captured(CachePolicy policy, CachePlan plan) =>
        Outside(plan.Frames) + (CapturedTensors * Stream(plan.Frames)) + (batch > 1 ? batch * _sizes.Of(plan.Frames, _tokens, config.Dim) : 0)
        + (2 * _sizes.Of(batch, plan.Frames * _tokens, config.FfnDim)) + Updates(policy, plan) + Windows(policy, plan) + workspace;

    // Frames that move over each other go by way of a third place; the sink's average is float.
    private long Updates(CachePolicy policy, CachePlan plan)
    {
        long moved = plan.Evicted < plan.Rolled ? Window(plan.Rolled) : 0;
        bool isCast = plan.Change == CachePlan.SinkChange.Average && type == DType.BF16 && policy.SinkPrecision == SinkPrecision.Fp32;
        return moved + (isCast ? Window(plan.Sink) + TensorSizes.F32.Of(plan.Sink, _tokens, config.Dim) : 0);
    }

    private long Windows(CachePolicy policy, CachePlan plan)
    {
        bool rotates = policy.RopeMode == RopeMode.WindowRelative;
        if (plan.IsContiguous)
        {
            return rotates ? Window(plan.AttendEnd) : 0;
        }

        (int sink, int recent) = (plan.AttendedSink, plan.End - plan.AttendFrom);
        return (rotates ? Window(sink) + Window(recent) : 0) + (sink > 0 ? 2 * Window(sink + recent) : 0);
    }
}
