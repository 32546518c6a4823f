using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>What a causal generation remembers between passes: keys and values of past frames, those of the text, and two counters.</summary>
/// <remarks>
/// One state belongs to one generation (or one branch of classifier-free guidance) and to one thread at a time. All counters are host
/// integers and the same for every layer. Spec: models 2.3, 2.6.
/// </remarks>
public sealed class CausalState : IDisposable
{
    private WanContext? _text;
    private CacheFill _fill;
    private bool _isBroken;

    /// <summary>Allocates the caches of a generation, filled with zeros.</summary>
    /// <param name="model">The network the state is for.</param>
    /// <param name="policy">How past frames are kept.</param>
    /// <param name="batch">Samples generated together.</param>
    /// <param name="latentHeight">Rows of the latents, even.</param>
    /// <param name="latentWidth">Columns of the latents, even.</param>
    /// <param name="dtype">Type of activations: F32 or BF16.</param>
    /// <param name="maxFrames">Latent frames of the whole video; sizes the cache of policies without a window, else unused.</param>
    /// <exception cref="ArgumentException">A size is impossible, or the model takes an image.</exception>
    public CausalState(WanTransformer model, CachePolicy policy, int batch, int latentHeight, int latentWidth, DType dtype, int maxFrames)
    {
        policy.Validate();
        if (model.Config.IsImageToVideo)
        {
            throw new ArgumentException("causal state: an image-to-video transformer has no causal form; use a text-to-video one with a first latent.", nameof(model));
        }

        if (latentHeight < 2 || latentWidth < 2 || latentHeight % 2 != 0 || latentWidth % 2 != 0)
        {
            throw new ArgumentException($"causal state: latent height and width must be even, got {latentHeight} x {latentWidth}.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        if (dtype is not (DType.F32 or DType.BF16))
        {
            throw new ArgumentException($"causal state: activations are F32 or BF16, got {dtype}.", nameof(dtype));
        }

        Model = model;
        Policy = policy;
        Batch = batch;
        LatentHeight = latentHeight;
        LatentWidth = latentWidth;
        DType = dtype;
        CapacityFrames = policy.FramesOf(maxFrames);
        if (CapacityFrames < 1)
        {
            throw new ArgumentException($"causal state: a policy without a window needs the length of the video, got {maxFrames} frames.", nameof(maxFrames));
        }

        Cache = new KeyValueCache(model.Device, model.Config, policy, batch, CapacityFrames, TokensPerFrame, dtype);
        Replays = new StepReplays(this);
    }

    /// <summary>The network the state is for.</summary>
    public WanTransformer Model { get; }

    /// <summary>How past frames are kept.</summary>
    public CachePolicy Policy { get; }

    /// <summary>Samples generated together.</summary>
    public int Batch { get; }

    /// <summary>Rows of the latents.</summary>
    public int LatentHeight { get; }

    /// <summary>Columns of the latents.</summary>
    public int LatentWidth { get; }

    /// <summary>Type of activations, keys and values.</summary>
    public DType DType { get; }

    /// <summary>Frames the caches hold.</summary>
    public int CapacityFrames { get; }

    /// <summary>Tokens of one latent frame, S.</summary>
    public int TokensPerFrame => LatentHeight / Model.Config.Patch * (LatentWidth / Model.Config.Patch);

    /// <summary>Tokens seen so far: the end of the newest block in the whole video.</summary>
    public long GlobalEnd => GlobalEndFrame * TokensPerFrame;

    /// <summary>Tokens of the caches that are filled.</summary>
    public int LocalEnd => LocalEndFrame * TokensPerFrame;

    /// <summary>Frames seen so far.</summary>
    public long GlobalEndFrame => _fill.GlobalEndFrame;

    /// <summary>Frames of the caches that are filled.</summary>
    public int LocalEndFrame => _fill.LocalEndFrame;

    /// <summary>Whether <see cref="SetText"/> has been called since the start or the last <see cref="Reset"/>.</summary>
    public bool HasText => _text is not null;

    /// <summary>Bytes of the caches of past frames.</summary>
    public long CacheBytes => Cache.Bytes;

    internal KeyValueCache Cache { get; }

    /// <summary>Where gradients of cached keys and values go in recorded passes.</summary>
    /// <exception cref="InvalidOperationException">Frames have been seen already.</exception>
    public CacheGradient Gradient
    {
        get => Passed is null ? CacheGradient.Detached : CacheGradient.StraightThrough;
        set
        {
            if (GlobalEndFrame > 0)
            {
                throw new InvalidOperationException("causal state: where gradients go is decided before the first frame; call ResetFrames first.");
            }

            Passed = value == CacheGradient.StraightThrough ? new PassedFrames(TokensPerFrame) : null;
        }
    }

    /// <summary>Keys and values of recorded passes that later ones send gradients to; null if they send none.</summary>
    internal PassedFrames? Passed { get; private set; }

    /// <summary>Passes over a full window, recorded where the device can replay them.</summary>
    internal StepReplays Replays { get; }

    /// <summary>Keys and values of the text.</summary>
    internal WanContext Text => _text ?? throw new InvalidOperationException("causal state: there is no text; call SetText first.");

    /// <summary>Whether the float copy of the sink stands for what the caches hold.</summary>
    internal bool ShadowIsValid => _fill.ShadowIsValid;

    /// <summary>Computes keys and values of the text for every layer; once per prompt.</summary>
    /// <param name="pass">Where to run.</param>
    /// <param name="context">Text encoder output, <c>[B, S, text_dim]</c> with S at most <c>text_len</c>; rows up to <c>text_len</c> are zeros and take part in attention.</param>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public void SetText(Pass pass, Tensor context)
    {
        if (context.Shape.Rank != 3 || context.Shape[0] != Batch)
        {
            throw new ArgumentException($"causal state: the text must be [{Batch}, S, {Model.Config.TextDim}], got {context.Shape}.", nameof(context));
        }

        WanContext fresh = Model.Prepare(pass, context, DType);
        ClearText();
        _text = fresh;
    }

    /// <summary>Forgets all frames and the text, for the next prompt. Memory is kept.</summary>
    public void Reset()
    {
        ResetFrames();
        ClearText();
    }

    /// <summary>Forgets all frames but keeps the text, for the next roll-out of the same prompt.</summary>
    public void ResetFrames()
    {
        Cache.Clear();
        Passed?.Clear();
        _fill = default;
        _isBroken = false;
    }

    /// <summary>Cached keys of a layer, <c>[M, N, D]</c>, before or after rotation as the policy says.</summary>
    public Tensor K(int layer, int sample = 0) => Cache.Keys(layer, sample);

    /// <summary>Cached values of a layer, <c>[M, N, D]</c>.</summary>
    public Tensor V(int layer, int sample = 0) => Cache.Values(layer, sample);

    /// <summary>Keys of the text, <c>[B, text_len, N, D]</c>.</summary>
    /// <exception cref="InvalidOperationException">There is no text yet.</exception>
    public Tensor TextK(int layer) => Text.K(layer);

    /// <summary>Values of the text, <c>[B, text_len, N, D]</c>.</summary>
    /// <exception cref="InvalidOperationException">There is no text yet.</exception>
    public Tensor TextV(int layer) => Text.V(layer);

    /// <summary>Releases the caches; the model stays.</summary>
    public void Dispose()
    {
        Replays.Clear();
        Cache.Dispose();
        ClearText();
    }

    /// <summary>Decides what a pass over frames does. Until <see cref="Complete"/> the caches are in between and refuse a further pass.</summary>
    internal CachePlan Begin(long startFrame, int frames)
    {
        if (_isBroken)
        {
            throw new InvalidOperationException("causal forward: an earlier pass was stopped half way and left the caches in between; call Reset and start over.");
        }

        CachePlan plan = _fill.Plan(Policy, CapacityFrames, startFrame, frames);
        _isBroken = true;
        return plan;
    }

    /// <summary>Takes over the counters of a pass that all layers have done.</summary>
    internal void Complete(CachePlan plan)
    {
        _fill = _fill.After(plan);
        _isBroken = false;
    }

    // Recorded passes read the keys of the text where they are now.
    private void ClearText()
    {
        Replays.Clear();
        _text?.Dispose();
        _text = null;
    }
}
