using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>The keys and values that one sample of a layer attends to in a pass: slices of the cache, and where a gradient is wanted the tensors it flows to.</summary>
/// <param name="pass">Where to run and what to record.</param>
/// <param name="state">The caches, in which the new frames have been written.</param>
/// <param name="layer">Which layer.</param>
/// <param name="sample">Which sample.</param>
/// <param name="plan">What happened to the caches.</param>
/// <param name="keys">Keys of the new frames, <c>[L, N, D]</c>, as they were written.</param>
/// <param name="values">Their values, <c>[L, N, D]</c>.</param>
/// <remarks>
/// A recorded pass takes the new frames from the layers that made them, not from the cache, which is no part of the tape. Frames of earlier blocks have the
/// values of the cache; with <see cref="CacheGradient.StraightThrough"/> their gradient goes to what the earlier block computed. Spec: training 2.6.
/// </remarks>
internal readonly struct CachedWindow(Pass pass, CausalState state, int layer, int sample, CachePlan plan, Tensor keys, Tensor values)
{
    private bool Records => pass.Records(keys, values);

    /// <summary>Keys of slots, <c>[1, L, N, D]</c>.</summary>
    public Tensor Keys(int from, int to) => Of(state.Cache.Keys(layer, sample), keys, from, to, isKey: true);

    /// <summary>Remembers the new frames as what later blocks send their gradients to.</summary>
    public void Remember()
    {
        if (Records)
        {
            state.Passed?.Add(layer, sample, plan.WriteFrom, keys, values);
        }
    }

    /// <summary>Values of slots, <c>[1, L, N, D]</c>.</summary>
    public Tensor Values(int from, int to) => Of(state.Cache.Values(layer, sample), values, from, to, isKey: false);

    private Tensor Of(Tensor cache, Tensor fresh, int from, int to, bool isKey)
    {
        if (!Records)
        {
            return Batched(Slots(cache, from, to));
        }

        List<Tensor> parts = [];
        int firstFresh = plan.WriteFrom + plan.WriteSkip;
        for (int slot = from; slot < to;)
        {
            int end = to;
            Tensor part;
            if (slot >= firstFresh && slot < plan.End)
            {
                end = Math.Min(to, plan.End);
                part = Slots(fresh, slot - plan.WriteFrom, end - plan.WriteFrom);
            }
            else
            {
                end = slot < firstFresh ? Math.Min(to, firstFresh) : to;
                part = Past(cache, slot, ref end, isKey);
            }

            parts.Add(part);
            slot = end;
        }

        return Batched(parts.Count == 1 ? parts[0] : Concat.Forward(pass, 0, [.. parts]));
    }

    private Tensor Past(Tensor cache, int slot, ref int end, bool isKey)
    {
        if (state.Passed is { } passed && passed.Find(layer, sample, slot, ref end) is var (first, oldKeys, oldValues))
        {
            Tensor target = isKey ? oldKeys : oldValues;
            Tensor y = pass.New(target.Shape.With(0, (end - slot) * state.TokensPerFrame), target.DType);
            y.CopyFrom(Slots(cache, slot, end));
            int token = (slot - first) * state.TokensPerFrame;
            pass.Record(y, [target], [], (back, dy) =>
            {
                Tensor whole = back.Zeros(target.Shape, dy.DType);
                back.Slice(whole, token, dy.Shape[0]).CopyFrom(dy);
                return [whole];
            });
            return y;
        }

        return Slots(cache, slot, end);
    }

    private Tensor Slots(Tensor tokens, int from, int to)
    {
        int s = state.TokensPerFrame;
        return pass.Slice(tokens, from * s, (to - from) * s);
    }

    private Tensor Batched(Tensor tokens) => pass.Reshape(tokens, new Shape(1, tokens.Shape[0], tokens.Shape[1], tokens.Shape[2]));
}
