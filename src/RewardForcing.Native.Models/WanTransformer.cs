using RewardForcing.Native.Formats;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>The Wan 2.1 diffusion transformer, in its bidirectional form and in the causal form that streams through a cache.</summary>
/// <remarks>
/// Both forms have the same parameters. Activations are F32 or BF16, as the input is; weights are used in the type they are stored in.
/// BF16 follows the rounding points of the published Reward Forcing inference (spec: models 1.5, profile A); the mixed precision of the
/// official 50-step Wan (profile B) is not imitated: F32 activations are at least as precise. Spec: models, sections 1 and 2.
/// </remarks>
public sealed partial class WanTransformer : IDisposable
{
    private const float ImageNormEps = 1e-5f;

    private readonly WeightSet _weights;
    private readonly BlockStack<WanBlock> _blocks;
    private readonly Projection _textUp;
    private readonly Projection _textDown;
    private readonly Projection _timeUp;
    private readonly Projection _timeDown;
    private readonly Projection _timeProjection;
    private readonly Projection _head;

    /// <summary>Builds the network on loaded weights.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="weights">All parameters of <see cref="WanConfig.Parameters"/>; owned by the network from here on.</param>
    public WanTransformer(WanConfig config, WeightSet weights)
    {
        config.Validate();
        Config = config;
        _weights = weights;
        _textUp = new Projection(weights, "text_embedding.0");
        _textDown = new Projection(weights, "text_embedding.2");
        _timeUp = new Projection(weights, "time_embedding.0");
        _timeDown = new Projection(weights, "time_embedding.2");
        _timeProjection = new Projection(weights, "time_projection.1");
        _head = new Projection(weights, "head.head");
        _blocks = new BlockStack<WanBlock>(weights, config.Layers, (set, layer) => new WanBlock(set, layer, config));
    }

    /// <summary>Sizes.</summary>
    public WanConfig Config { get; }

    /// <summary>Where the weights live.</summary>
    public Device Device => _weights.Device;

    /// <summary>The parameters.</summary>
    public WeightSet Weights => _weights;

    /// <summary>Whether the weights of blocks are brought to the device for every use.</summary>
    public bool StreamsBlocks => _blocks.IsStreamed;

    /// <summary>Reads the weights from a checkpoint of any known layout.</summary>
    /// <param name="device">Where they are to live.</param>
    /// <param name="config">Sizes; checkpoints of Reward Forcing and its relatives have those of <see cref="WanConfig.T2V1_3B"/>.</param>
    /// <param name="archive">Original or diffusers layout, or a <c>.pt</c> of Reward Forcing, Self Forcing, LongLive or CausVid; may be disposed afterwards.</param>
    /// <param name="options">Which set of weights, which type, a LoRA.</param>
    /// <param name="cancellation">Stops between two tensors.</param>
    /// <exception cref="WeightMismatchException">A tensor is missing, left over or of another shape; the message lists all of them.</exception>
    public static WanTransformer Load(
        Device device, WanConfig config, TensorArchive archive, WanLoadOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new WanLoadOptions();
        KeyMap map = WanKeyMap.For(config, archive.Entries.Select(static entry => entry.Name), options.Entry);
        WeightSet weights = WeightSet.Load(
            device, archive, map, config.Parameters(), options.Weights, options.Adapter, options.Weights.StreamsBlocks ? WanBlock.Owns : null, cancellation);
        try
        {
            return new WanTransformer(config, weights);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Whether a recorded pass keeps nothing of a block but its input and computes the block again on the way back: a fraction of the memory, a third more
    /// time, the same gradients bit for bit. Key <c>gradient_checkpointing</c>.
    /// </summary>
    public bool CheckpointsBlocks { get; set; }

    /// <summary>Predicts the flow <c>noise - x0</c> of a whole video at once.</summary>
    /// <param name="pass">Where to run; cancellation is looked at between blocks.</param>
    /// <param name="x">Noisy latents, <c>[B, 16, F, H, W]</c>, H and W even, F32 or BF16.</param>
    /// <param name="timesteps">Timesteps, 0 to 1000: one for each sample, or B·F of them, one for each frame.</param>
    /// <param name="context">Text encoder output, <c>[B, S, text_dim]</c>, S at most <c>text_len</c>; padding rows are zeros and are attended to.</param>
    /// <param name="image">What an image-to-video model sees of its image; null for text-to-video models.</param>
    /// <param name="mask">Restricts self-attention as in the training of causal models; null for the bidirectional model.</param>
    /// <returns>Flow, <c>[B, 16, F, H, W]</c> of the type of <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit the network or each other.</exception>
    /// <exception cref="OperationCanceledException">The pass was cancelled.</exception>
    public Tensor Forward(
        Pass pass, Tensor x, ReadOnlySpan<float> timesteps, Tensor context, ImageCondition? image = null, TrainingMask? mask = null)
    {
        CheckLatents(x, "x");
        CheckImage(x, image);
        using Scope scope = pass.BeginScope();
        Tensor text = EmbedText(pass, context, x.Shape[0], x.DType);
        Tensor? imageRows = image is null ? null : EmbedImage(pass, Cast.Forward(pass, image.ClipFeatures, x.DType));
        return scope.Keep(Run(pass, x, timesteps, ContextSource.Embedded(text, imageRows), image?.Latents, mask));
    }

    /// <summary>Predicts the flow of a whole video at once, for a prompt whose keys and values are at hand: what samplers of many steps call.</summary>
    /// <param name="pass">Where to run; cancellation is looked at between blocks.</param>
    /// <param name="x">Noisy latents, <c>[B, 16, F, H, W]</c>, H and W even, of the type of <paramref name="context"/>.</param>
    /// <param name="timesteps">Timesteps, 0 to 1000: one for each sample, or B·F of them, one for each frame.</param>
    /// <param name="context">From <see cref="Prepare"/>.</param>
    /// <param name="imageLatents">Mask and image latents of image-to-video models, <c>[B, 20, F, H, W]</c>; null for text-to-video models.</param>
    /// <returns>Flow, <c>[B, 16, F, H, W]</c> of the type of <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit the network or each other.</exception>
    /// <exception cref="OperationCanceledException">The pass was cancelled.</exception>
    public Tensor Forward(Pass pass, Tensor x, ReadOnlySpan<float> timesteps, WanContext context, Tensor? imageLatents = null)
    {
        CheckLatents(x, "x");
        if (context.Model != this || context.Batch != x.Shape[0] || context.DType != x.DType)
        {
            throw new ArgumentException(
                $"wan: the context is for {context.Batch} samples of {context.DType} and must be of this network; x is {x.Shape} of {x.DType}.", nameof(context));
        }

        CheckImageLatents(x, imageLatents);
        using Scope scope = pass.BeginScope();
        return scope.Keep(Run(pass, x, timesteps, ContextSource.Prepared(context.Keys), imageLatents, null));
    }

    /// <summary>Computes keys and values of a prompt for every layer, to be used in every step.</summary>
    /// <param name="pass">Where to run.</param>
    /// <param name="context">Text encoder output, <c>[B, S, text_dim]</c>, S at most <c>text_len</c>.</param>
    /// <param name="dtype">Type of the activations they will meet: F32 or BF16.</param>
    /// <param name="clipFeatures">CLIP features of the image, <c>[B, 257, 1280]</c>; null for text-to-video models.</param>
    /// <returns>Owned by the caller.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit the network.</exception>
    public WanContext Prepare(Pass pass, Tensor context, DType dtype, Tensor? clipFeatures = null)
    {
        if ((clipFeatures is not null) != Config.IsImageToVideo)
        {
            throw new ArgumentException("wan: CLIP features belong to image-to-video models, and those need them.", nameof(clipFeatures));
        }

        int batch = context.Shape.Rank == 3 ? context.Shape[0] : 1;
        using Scope scope = pass.BeginScope();
        Tensor text = EmbedText(pass, context, batch, dtype);
        Tensor? image = clipFeatures is null ? null : EmbedImage(pass, Cast.Forward(pass, CheckClip(clipFeatures, batch), dtype));
        WanContext prepared = new(this, batch, dtype, image is not null);
        try
        {
            for (int layer = 0; layer < _blocks.Count; layer++)
            {
                pass.Cancellation.ThrowIfCancellationRequested();
                using Scope inner = pass.BeginScope();
                prepared.Add(pass, _blocks[layer].Context(pass, text, image));
            }

            return prepared;
        }
        catch
        {
            prepared.Dispose();
            throw;
        }
    }

    /// <summary>Predicts the flow of the newest frames and stores their keys and values, so that later frames can attend to them.</summary>
    /// <param name="pass">Where to run; cancellation is looked at between blocks.</param>
    /// <param name="x">Latents of the new frames, <c>[B, 16, f, H, W]</c>, of the type of the state.</param>
    /// <param name="timesteps">Timesteps, 0 to 1000: one for each sample, or B·f of them.</param>
    /// <param name="state">The caches; <see cref="CausalState.SetText"/> has been called.</param>
    /// <param name="startFrame">Number of the first new frame in the whole video. Frames given before may be given again, as each denoising step does.</param>
    /// <param name="cacheOnly">Whether only keys and values are wanted, as in the pass over finished frames: what nobody reads is not computed.</param>
    /// <returns>Flow, <c>[B, 16, f, H, W]</c>; an empty tensor <c>[0]</c> if <paramref name="cacheOnly"/>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit, or the frames do not follow those in the cache.</exception>
    /// <exception cref="InvalidOperationException">There is no text yet, or an earlier pass was stopped half way.</exception>
    /// <exception cref="OperationCanceledException">The pass was cancelled; the state has to be reset.</exception>
    public Tensor ForwardCausal(Pass pass, Tensor x, ReadOnlySpan<float> timesteps, CausalState state, long startFrame, bool cacheOnly = false)
    {
        CheckLatents(x, "x");
        CheckState(x, state);
        return ForwardCausal(pass, x, timesteps, state, startFrame, ContextSource.Prepared(state.Text.Keys), cacheOnly);
    }

    /// <summary>The same with the text embedded in this pass, so that gradients reach what embeds it: the recorded step of a roll-out in training.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Latents of the new frames, <c>[B, 16, f, H, W]</c>, of the type of the state.</param>
    /// <param name="timesteps">Timesteps, 0 to 1000: one for each sample, or B·f of them.</param>
    /// <param name="state">The caches.</param>
    /// <param name="startFrame">Number of the first new frame in the whole video.</param>
    /// <param name="context">Text encoder output, <c>[B, S, text_dim]</c>.</param>
    /// <returns>Flow, <c>[B, 16, f, H, W]</c>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit, or the frames do not follow those in the cache.</exception>
    /// <exception cref="InvalidOperationException">An earlier pass was stopped half way.</exception>
    public Tensor ForwardCausal(Pass pass, Tensor x, ReadOnlySpan<float> timesteps, CausalState state, long startFrame, Tensor context)
    {
        CheckLatents(x, "x");
        CheckState(x, state);
        Tensor text = EmbedText(pass, context, state.Batch, x.DType);
        return CheckpointsBlocks && pass.IsTraining && state.Gradient == CacheGradient.StraightThrough
            ? throw new NotSupportedException("causal forward: gradients straight through the cache need what earlier blocks computed; turn checkpointing of blocks off, or detach past frames.")
            : ForwardCausal(pass, x, timesteps, state, startFrame, ContextSource.Embedded(text, null), cacheOnly: false);
    }

    private Tensor ForwardCausal(
        Pass pass, Tensor x, ReadOnlySpan<float> timesteps, CausalState state, long startFrame, ContextSource context, bool cacheOnly)
    {
        pass.Cancellation.ThrowIfCancellationRequested();
        RopeGrid grid = Grid(x);
        float[] times = Times(timesteps, state.Batch, grid.Frames);
        CachePlan plan = state.Begin(startFrame, grid.Frames);
        using Scope scope = pass.BeginScope();
        (Tensor e, Tensor projected) = EmbedTime(pass, times, state.Batch, x.DType);
        Tensor Rest(Pass inner, Tensor latents, Tensor time, Tensor rows)
        {
            Tensor tokens = LayerChain.Run(inner, EmbedPatches(inner, latents), _blocks.Count, (input, layer) => Block(
                inner, layer, input, rows, context, (own, block, y, m, keys) => block.ForwardCached(own, y, m, grid, state, layer, plan, keys, cacheOnly && layer == _blocks.Count - 1)));
            return cacheOnly ? inner.New(new Shape(0), x.DType) : Head(inner, tokens, time, grid);
        }

        Tensor flow = pass.IsTraining ? Rest(pass, x, e, projected) : state.Replays.Run(pass, plan, cacheOnly, [x, e, projected], Rest);
        state.Complete(plan);
        return scope.Keep(flow);
    }

    /// <summary>Releases the weights.</summary>
    public void Dispose()
    {
        _blocks.Dispose();
        _weights.Dispose();
    }

    private static float[] Times(ReadOnlySpan<float> timesteps, int batch, int frames)
    {
        return timesteps.Length == batch || timesteps.Length == batch * frames
            ? timesteps.ToArray()
            : throw new ArgumentException($"wan: expected {batch} timesteps, or {batch * frames} for {batch} x {frames} frames, got {timesteps.Length}.", nameof(timesteps));
    }

    // Rows of the time embedding with teacher forcing: for each sample the clean frames, then the noisy ones.
    private static float[] TeacherTimes(ReadOnlySpan<float> clean, float[] noisy, int batch, int frames)
    {
        float[] cleanTimes = clean.IsEmpty ? new float[batch] : Times(clean, batch, frames);
        var times = new float[2 * batch * frames];
        for (int b = 0; b < batch; b++)
        {
            for (int f = 0; f < frames; f++)
            {
                times[(2 * b * frames) + f] = cleanTimes.Length == batch ? cleanTimes[b] : cleanTimes[(b * frames) + f];
                times[(((2 * b) + 1) * frames) + f] = noisy.Length == batch ? noisy[b] : noisy[(b * frames) + f];
            }
        }

        return times;
    }

    private Tensor Run(Pass pass, Tensor x, ReadOnlySpan<float> timesteps, ContextSource context, Tensor? imageLatents, TrainingMask? mask)
    {
        (int batch, int frames) = (x.Shape[0], x.Shape[2]);
        RopeGrid grid = Grid(x);
        Tensor tokens = EmbedPatches(pass, imageLatents is null ? x : Concat.Forward(pass, 1, x, Cast.Forward(pass, imageLatents, x.DType)));
        float[] times = Times(timesteps, batch, frames);
        if (mask?.CleanX is Tensor clean)
        {
            CheckClean(clean, x);
            tokens = Concat.Forward(pass, 1, EmbedPatches(pass, clean), tokens);
            times = TeacherTimes(mask.CleanTimesteps.Span, times, batch, frames);
        }

        (Tensor e, Tensor projected) = EmbedTime(pass, times, batch, x.DType);
        AttentionMask attention = mask?.Attention(frames, grid.TokensPerFrame) ?? AttentionMask.All;
        int keys = mask is null ? tokens.Shape[1] : Math.Max(tokens.Shape[1], mask.PaddedKeys(frames, grid.TokensPerFrame));
        tokens = LayerChain.Run(pass, tokens, _blocks.Count, (input, layer) =>
            Block(pass, layer, input, projected, context, (own, block, y, m, text) => block.Forward(own, y, m, text, grid, attention, keys)));

        if (mask?.CleanX is not null)
        {
            tokens = Narrow.Forward(pass, tokens, 1, grid.Tokens, grid.Tokens);
            e = Narrow.Forward(pass, e, 1, frames, frames);
        }

        return Head(pass, tokens, e, grid);
    }

    // With checkpointing a recorded block keeps its inputs alone and runs again on the way back.
    private Tensor Block(
        Pass pass, int layer, Tensor input, Tensor rows, ContextSource context, Func<Pass, WanBlock, Tensor, Tensor, ContextKeys, Tensor> body)
    {
        WanBlock block = _blocks[layer];
        if (!pass.IsTraining)
        {
            return body(pass, block, input, rows, context.Keys(pass, layer, block, context.Inputs));
        }

        if (CheckpointsBlocks)
        {
            return pass.Checkpoint([input, rows, .. context.Inputs], (own, inputs) => body(own, block, inputs[0], inputs[1], context.Keys(own, layer, block, inputs[2..])));
        }

        // Behind a view of its own, what a block sends to shared inputs is one term of their gradients, as it is with checkpointing: the bits are the same.
        Tensor[] views = Array.ConvertAll(context.Inputs, shared => pass.Reshape(shared, shared.Shape));
        return body(pass, block, input, pass.Reshape(rows, rows.Shape), context.Keys(pass, layer, block, views));
    }

    private RopeGrid Grid(Tensor x) => new(x.Shape[2], x.Shape[3] / Config.Patch, x.Shape[4] / Config.Patch);

    private Tensor EmbedPatches(Pass pass, Tensor x) =>
        Linear.Forward(pass, Patchify.Forward(pass, x), _weights["patch_embedding.weight"], _weights["patch_embedding.bias"]);

    private (Tensor E, Tensor Projected) EmbedTime(Pass pass, float[] times, int batch, DType dtype)
    {
        int rows = times.Length / batch;
        Tensor hidden = _timeUp.Forward(pass, Sinusoid.Forward(pass, times, Config.FreqDim, dtype), Activation.Silu);
        Tensor e = _timeDown.Forward(pass, hidden);
        Tensor projected = _timeProjection.Forward(pass, Unary.Forward(pass, e, Activation.Silu));
        return (pass.Reshape(e, new Shape(batch, rows, Config.Dim)), pass.Reshape(projected, new Shape(batch, rows, 6, Config.Dim)));
    }

    private Tensor EmbedText(Pass pass, Tensor context, int batch, DType dtype)
    {
        if (context.Shape.Rank != 3 || context.Shape[0] != batch || context.Shape[1] > Config.TextTokens || context.Shape[2] != Config.TextDim)
        {
            throw new ArgumentException(
                $"wan: context must be [{batch}, at most {Config.TextTokens}, {Config.TextDim}], got {context.Shape}.", nameof(context));
        }

        Tensor rows = Cast.Forward(pass, context, dtype);
        if (rows.Shape[1] < Config.TextTokens)
        {
            Tensor padding = pass.Zeros(rows.Shape.With(1, Config.TextTokens - rows.Shape[1]), dtype);
            rows = rows.Shape[1] == 0 ? padding : Concat.Forward(pass, 1, rows, padding);
        }

        return _textDown.Forward(pass, _textUp.Forward(pass, rows, Activation.GeluTanh));
    }

    private Tensor EmbedImage(Pass pass, Tensor features)
    {
        Tensor n = LayerNorm.Forward(pass, features, _weights["img_emb.proj.0.weight"], _weights["img_emb.proj.0.bias"], ImageNormEps);
        Tensor hidden = Linear.Forward(pass, n, _weights["img_emb.proj.1.weight"], _weights["img_emb.proj.1.bias"], Activation.GeluErf);
        Tensor y = Linear.Forward(pass, hidden, _weights["img_emb.proj.3.weight"], _weights["img_emb.proj.3.bias"]);
        return LayerNorm.Forward(pass, y, _weights["img_emb.proj.4.weight"], _weights["img_emb.proj.4.bias"], ImageNormEps);
    }

    // The head uses the time embedding before its projection; blocks use the projected one.
    private Tensor Head(Pass pass, Tensor tokens, Tensor e, RopeGrid grid)
    {
        Tensor m = Modulation.Forward(pass, _weights["head.modulation"], e);
        Tensor y = ModulatedLayerNorm.Forward(pass, tokens, pass.Entry(m, 0), pass.Entry(m, 1), Config.Eps);
        return Unpatchify.Forward(pass, _head.Forward(pass, y), grid.Frames, grid.Height, grid.Width);
    }

    private void CheckLatents(Tensor x, string name)
    {
        if (x.Shape.Rank != 5 || x.Shape[1] != Config.OutChannels || x.Shape[0] < 1 || x.Shape[2] < 1
            || x.Shape[3] < Config.Patch || x.Shape[4] < Config.Patch || x.Shape[3] % Config.Patch != 0 || x.Shape[4] % Config.Patch != 0)
        {
            throw new ArgumentException($"wan: {name} must be [B, {Config.OutChannels}, F, H, W] with even H and W, got {x.Shape}.", name);
        }

        if (x.DType is not (DType.F32 or DType.BF16))
        {
            throw new ArgumentException($"wan: {name} must be F32 or BF16, got {x.DType}.", name);
        }
    }

    private void CheckImage(Tensor x, ImageCondition? image)
    {
        CheckImageLatents(x, image?.Latents);
        if (image is not null)
        {
            CheckClip(image.ClipFeatures, x.Shape[0]);
        }
    }

    private void CheckImageLatents(Tensor x, Tensor? latents)
    {
        if ((latents is not null) != Config.IsImageToVideo)
        {
            throw new ArgumentException(
                latents is null ? "wan: an image-to-video model needs an image condition." : "wan: a text-to-video model takes no image condition.", nameof(latents));
        }

        Shape expected = x.Shape.With(1, Config.InChannels - (Config.IsImageToVideo ? Config.OutChannels : 0));
        if (latents is not null && latents.Shape != expected)
        {
            throw new ArgumentException($"wan: image latents must be {expected}, got {latents.Shape}.", nameof(latents));
        }
    }

    private Tensor CheckClip(Tensor features, int batch)
    {
        return features.Shape.Rank == 3 && features.Shape[0] == batch && features.Shape[2] == Config.ClipDim
            ? features
            : throw new ArgumentException($"wan: CLIP features must be [{batch}, {Config.ClipTokens}, {Config.ClipDim}], got {features.Shape}.", nameof(features));
    }

    private void CheckClean(Tensor clean, Tensor x)
    {
        if (Config.IsImageToVideo || clean.Shape != x.Shape || clean.DType != x.DType)
        {
            throw new ArgumentException($"wan: the clean video must be {x.Shape} of {x.DType} as the noisy one, got {clean.Shape} of {clean.DType}.", nameof(clean));
        }
    }

    private void CheckState(Tensor x, CausalState state)
    {
        if (state.Model != this)
        {
            throw new ArgumentException("causal forward: the state belongs to another network.", nameof(state));
        }

        Shape expected = new(state.Batch, Config.OutChannels, x.Shape[2], state.LatentHeight, state.LatentWidth);
        if (x.Shape != expected || x.DType != state.DType)
        {
            throw new ArgumentException($"causal forward: x must be {expected} of {state.DType} as the state, got {x.Shape} of {x.DType}.", nameof(x));
        }

        if (!state.HasText)
        {
            throw new InvalidOperationException("causal forward: the state has no text; call SetText first.");
        }
    }
}
