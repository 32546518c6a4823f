using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Keys and values of past latent frames, of all layers and samples. Owns device memory.</summary>
/// <remarks>
/// One tensor <c>[M, N, D]</c> per layer and sample (M tokens of capacity), so that every window is a slice of the first dimension and
/// nothing is copied to attend to it.
/// </remarks>
public sealed class KeyValueCache : IDisposable
{
    private readonly OwnedTensor[] _keys;
    private readonly OwnedTensor[] _values;
    private readonly OwnedTensor?[] _keyShadows;
    private readonly OwnedTensor?[] _valueShadows;
    private readonly CachePolicy _policy;
    private readonly Device _device;

    internal KeyValueCache(Device device, WanConfig config, CachePolicy policy, int batch, int capacityFrames, int tokensPerFrame, DType dtype)
    {
        _device = device;
        _policy = policy;
        Batch = batch;
        TokensPerFrame = tokensPerFrame;
        DType = dtype;
        Shape shape = new(checked(capacityFrames * tokensPerFrame), config.Heads, config.HeadDim);
        _keys = new OwnedTensor[config.Layers * batch];
        _values = new OwnedTensor[config.Layers * batch];
        _keyShadows = new OwnedTensor?[config.Layers * batch];
        _valueShadows = new OwnedTensor?[config.Layers * batch];
        try
        {
            for (int i = 0; i < _keys.Length; i++)
            {
                _keys[i] = OwnedTensor.Zeros(device, shape, dtype);
                _values[i] = OwnedTensor.Zeros(device, shape, dtype);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Samples, B.</summary>
    public int Batch { get; }

    /// <summary>Tokens of one latent frame.</summary>
    public int TokensPerFrame { get; }

    /// <summary>Type of keys and values.</summary>
    public DType DType { get; }

    /// <summary>Bytes of all keys and values.</summary>
    public long Bytes => _keys.Sum(static owned => 2 * owned.Value.Bytes);

    /// <summary>Keys of a layer, <c>[M, N, D]</c>; rotated or not as the policy says.</summary>
    public Tensor Keys(int layer, int sample) => _keys[(layer * Batch) + sample].Value;

    /// <summary>Values of a layer, <c>[M, N, D]</c>.</summary>
    public Tensor Values(int layer, int sample) => _values[(layer * Batch) + sample].Value;

    /// <summary>Sets all keys and values to zero, as unwritten sink slots have to be.</summary>
    public void Clear()
    {
        foreach (OwnedTensor owned in _keys.Concat(_values))
        {
            owned.Value.Clear();
        }
    }

    /// <summary>Releases everything.</summary>
    public void Dispose()
    {
        foreach (OwnedTensor? owned in _keys.Concat(_values).Concat(_keyShadows).Concat(_valueShadows))
        {
            owned?.Dispose();
        }
    }

    /// <summary>Evicts, updates the sink and writes new keys and values of one layer.</summary>
    /// <param name="pass">Where to run.</param>
    /// <param name="layer">Which layer.</param>
    /// <param name="plan">What to do.</param>
    /// <param name="k">New keys, <c>[B, L, N, D]</c>.</param>
    /// <param name="v">New values, same shape.</param>
    /// <param name="shadowIsValid">Whether the float copy of the sink still stands for what the cache holds.</param>
    internal void Update(Pass pass, int layer, CachePlan plan, Tensor k, Tensor v, bool shadowIsValid)
    {
        for (int sample = 0; sample < Batch; sample++)
        {
            int at = (layer * Batch) + sample;
            using Scope scope = pass.BeginScope();
            Update(pass, _keys[at].Value, ref _keyShadows[at], plan, pass.Entry(k, sample), shadowIsValid);
            Update(pass, _values[at].Value, ref _valueShadows[at], plan, pass.Entry(v, sample), shadowIsValid);
        }
    }

    private void Update(Pass pass, Tensor cache, ref OwnedTensor? shadow, CachePlan plan, Tensor fresh, bool shadowIsValid)
    {
        // The sink takes what is evicted before the window rolls over it, so nothing has to be set aside.
        ChangeSink(pass, cache, ref shadow, plan, shadowIsValid);
        if (plan.Rolled > 0 && plan.Evicted > 0)
        {
            Frames(pass, cache, plan.Sink, plan.Rolled).CopyFrom(Frames(pass, cache, plan.Sink + plan.Evicted, plan.Rolled));
        }

        int written = plan.Frames - plan.WriteSkip;
        if (written > 0)
        {
            Frames(pass, cache, plan.WriteFrom + plan.WriteSkip, written).CopyFrom(Frames(pass, fresh, plan.WriteSkip, written));
        }
    }

    private void ChangeSink(Pass pass, Tensor cache, ref OwnedTensor? shadow, CachePlan plan, bool shadowIsValid)
    {
        if (plan.Change == CachePlan.SinkChange.Overwrite)
        {
            int count = Math.Min(plan.Evicted, plan.Sink);
            Frames(pass, cache, 0, count).CopyFrom(Frames(pass, cache, plan.Sink, count));
        }
        else if (plan.Change == CachePlan.SinkChange.Average)
        {
            Tensor sink = Frames(pass, cache, 0, plan.Sink);
            Tensor evicted = Frames(pass, cache, plan.Sink, plan.Sink);
            if (DType != DType.BF16 || _policy.SinkPrecision == SinkPrecision.Bf16Exact)
            {
                SinkUpdate.Update(sink, evicted, _policy.SinkAlpha);
                return;
            }

            shadow ??= OwnedTensor.New(_device, sink.Shape);
            if (!shadowIsValid)
            {
                shadow.Value.CopyFrom(Cast.Forward(pass, sink, DType.F32));
            }

            SinkUpdate.Update(shadow.Value, evicted, _policy.SinkAlpha);
            sink.CopyFrom(Cast.Forward(pass, shadow.Value, DType));
        }
    }

    private Tensor Frames(Pass pass, Tensor tensor, int first, int count) => pass.Slice(tensor, first * TokensPerFrame, count * TokensPerFrame);
}
