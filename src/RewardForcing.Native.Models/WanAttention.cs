using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>The projections of one attention layer and what self- and cross-attention make of them.</summary>
/// <remarks>Spec: models 1.4 (7 to 9) and 2.4. The q/k norm spans all channels, before heads are split.</remarks>
internal sealed class WanAttention
{
    private readonly WanConfig _config;
    private readonly float _scale;
    private readonly Projection _q;
    private readonly Projection _k;
    private readonly Projection _v;
    private readonly Projection _o;
    private readonly Projection? _imageK;
    private readonly Projection? _imageV;
    private readonly Parameter _normQ;
    private readonly Parameter _normK;
    private readonly Parameter? _normImageK;

    public WanAttention(WeightSet weights, string name, WanConfig config)
    {
        _config = config;
        _scale = 1f / MathF.Sqrt(config.HeadDim);
        _q = new Projection(weights, $"{name}.q");
        _k = new Projection(weights, $"{name}.k");
        _v = new Projection(weights, $"{name}.v");
        _o = new Projection(weights, $"{name}.o");
        _normQ = weights[$"{name}.norm_q.weight"];
        _normK = weights[$"{name}.norm_k.weight"];
        if (weights.Contains($"{name}.k_img.weight"))
        {
            _imageK = new Projection(weights, $"{name}.k_img");
            _imageV = new Projection(weights, $"{name}.v_img");
            _normImageK = weights[$"{name}.norm_k_img.weight"];
        }
    }

    /// <summary>Self-attention over a whole video.</summary>
    /// <param name="pass">Where to run.</param>
    /// <param name="x">Modulated tokens, <c>[B, L, C]</c>; with teacher forcing, a clean and a noisy half.</param>
    /// <param name="grid">Positions of one copy of the video.</param>
    /// <param name="mask">Which tokens see which.</param>
    /// <param name="keys">Keys to attend to, at least L; those past L are zeros.</param>
    public Tensor SelfAttention(Pass pass, Tensor x, RopeGrid grid, AttentionMask mask, int keys)
    {
        using Scope scope = pass.BeginScope();
        Tensor q = NormAndRotate(pass, _q.Forward(pass, x), _normQ, grid);
        Tensor k = NormAndRotate(pass, _k.Forward(pass, x), _normK, grid);
        Tensor v = Heads(pass, _v.Forward(pass, x));
        Tensor y = Attend(pass, q, Extend(pass, k, keys), Extend(pass, v, keys), mask);
        return scope.Keep(_o.Forward(pass, y));
    }

    /// <summary>Writes keys and values of new frames to the cache and attends to it.</summary>
    /// <param name="pass">Where to run.</param>
    /// <param name="x">Modulated tokens of the new frames, <c>[B, L, C]</c>.</param>
    /// <param name="grid">Their size; the temporal position comes from the plan.</param>
    /// <param name="state">The caches.</param>
    /// <param name="layer">Which layer's.</param>
    /// <param name="plan">What to do with them.</param>
    /// <param name="writeOnly">Whether to stop after writing.</param>
    /// <returns>The output, <c>[B, L, C]</c>; null if <paramref name="writeOnly"/>.</returns>
    public Tensor? CachedSelfAttention(Pass pass, Tensor x, RopeGrid grid, CausalState state, int layer, CachePlan plan, bool writeOnly)
    {
        using Scope scope = pass.BeginScope();
        bool absolute = state.Policy.RopeMode == RopeMode.Absolute;
        Tensor k = _k.Forward(pass, x);
        k = absolute
            ? NormAndRotate(pass, k, _normK, grid with { StartFrame = plan.StartFrame })
            : Heads(pass, RmsNorm.Forward(pass, k, _normK, _config.Eps));
        Tensor v = Heads(pass, _v.Forward(pass, x));
        state.Cache.Update(pass, layer, plan, k, v, state.ShadowIsValid);
        if (writeOnly)
        {
            return null;
        }

        Tensor q = NormAndRotate(pass, _q.Forward(pass, x), _normQ, grid with { StartFrame = absolute ? plan.StartFrame : plan.QueryPosition });
        var parts = new Tensor[state.Batch];
        for (int sample = 0; sample < state.Batch; sample++)
        {
            using Scope inner = pass.BeginScope();
            CachedWindow window = new(pass, state, layer, sample, plan, pass.Entry(k, sample), pass.Entry(v, sample));
            parts[sample] = inner.Keep(AttendToCache(pass, pass.Slice(q, sample, 1), grid, state, window, plan));
            window.Remember();
        }

        Tensor y = parts.Length == 1 ? parts[0] : Concat.Forward(pass, 0, parts);
        return scope.Keep(_o.Forward(pass, pass.Reshape(y, x.Shape)));
    }

    /// <summary>Cross-attention to text and, for image-to-video models, to the image.</summary>
    /// <param name="pass">Where to run.</param>
    /// <param name="x">Normalised tokens, <c>[B, L, C]</c>.</param>
    /// <param name="text">Keys and values.</param>
    public Tensor CrossAttention(Pass pass, Tensor x, ContextKeys text)
    {
        using Scope scope = pass.BeginScope();
        Tensor q = Heads(pass, RmsNorm.Forward(pass, _q.Forward(pass, x), _normQ, _config.Eps));
        Tensor y = Attention.Forward(pass, q, text.K, text.V, _scale);
        if (text.ImageK is not null && text.ImageV is not null)
        {
            y = Add.Forward(pass, y, Attention.Forward(pass, q, text.ImageK, text.ImageV, _scale));
        }

        return scope.Keep(_o.Forward(pass, pass.Reshape(y, x.Shape)));
    }

    /// <summary>Keys and values of embedded text, and of embedded image features if there are any; owned by the innermost scope.</summary>
    public ContextKeys Context(Pass pass, Tensor text, Tensor? image)
    {
        Tensor k = Heads(pass, RmsNorm.Forward(pass, _k.Forward(pass, text), _normK, _config.Eps));
        Tensor v = Heads(pass, _v.Forward(pass, text));
        return image is null || _imageK is null || _imageV is null || _normImageK is null
            ? new ContextKeys(k, v)
            : new ContextKeys(
                k, v, Heads(pass, RmsNorm.Forward(pass, _imageK.Forward(pass, image), _normImageK, _config.Eps)), Heads(pass, _imageV.Forward(pass, image)));
    }

    private Tensor Heads(Pass pass, Tensor x) => pass.Reshape(x, new Shape(x.Shape[0], x.Shape[1], _config.Heads, _config.HeadDim));

    private Tensor Attend(Pass pass, Tensor q, Tensor k, Tensor v, AttentionMask mask)
    {
        Tensor y = Attention.Forward(pass, q, k, v, _scale, mask);
        return pass.Reshape(y, new Shape(q.Shape[0], q.Shape[1], _config.Dim));
    }

    // Both halves of a teacher-forced sequence are the same video: the halves become samples for the rotation.
    private Tensor NormAndRotate(Pass pass, Tensor x, Parameter norm, RopeGrid grid)
    {
        int copies = x.Shape[1] == grid.Tokens ? 1 : x.Shape[1] / grid.Tokens;
        Tensor videos = copies == 1 ? x : pass.Reshape(x, new Shape(x.Shape[0] * copies, grid.Tokens, x.Shape[2]));
        Tensor rotated = RmsNormRope.Forward(pass, videos, norm, _config.Eps, _config.Heads, grid);
        return copies == 1 ? rotated : Heads(pass, pass.Reshape(rotated, x.Shape));
    }

    private static Tensor Extend(Pass pass, Tensor x, int keys) =>
        x.Shape[1] == keys ? x : Concat.Forward(pass, 1, x, pass.Zeros(x.Shape.With(1, keys - x.Shape[1]), x.DType));

    private Tensor AttendToCache(Pass pass, Tensor q, RopeGrid grid, CausalState state, CachedWindow window, CachePlan plan)
    {
        if (plan.IsContiguous)
        {
            Tensor k = window.Keys(0, plan.AttendEnd);
            if (state.Policy.RopeMode == RopeMode.WindowRelative)
            {
                // Slots past the newest frame are an unfilled sink: zeros, which rotation leaves alone.
                k = Rope.Forward(pass, k, grid with { Frames = plan.End });
            }

            return Attention.Forward(pass, q, k, window.Values(0, plan.AttendEnd), _scale);
        }

        int sink = plan.AttendedSink;
        int recent = plan.End - plan.AttendFrom;
        Tensor sinkKeys = window.Keys(0, sink);
        Tensor recentKeys = window.Keys(plan.AttendFrom, plan.End);
        if (state.Policy.RopeMode == RopeMode.WindowRelative)
        {
            sinkKeys = sink == 0 ? sinkKeys : Rope.Forward(pass, sinkKeys, grid with { Frames = sink });
            recentKeys = Rope.Forward(pass, recentKeys, grid with { Frames = recent, StartFrame = sink });
        }

        Tensor recentValues = window.Values(plan.AttendFrom, plan.End);
        return sink == 0
            ? Attention.Forward(pass, q, recentKeys, recentValues, _scale)
            : Attention.Forward(
                pass, q, Concat.Forward(pass, 1, sinkKeys, recentKeys), Concat.Forward(pass, 1, window.Values(0, sink), recentValues), _scale);
    }
}
