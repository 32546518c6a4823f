using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>The last few frames a layer has seen, kept from one piece of a video to the next.</summary>
/// <param name="place">Where they are kept; null for where the layer runs.</param>
internal sealed class FrameHistory(Device? place = null)
{
    private OwnedTensor? _frames;

    /// <summary>Bytes that are kept.</summary>
    public long Bytes => _frames?.Value.Bytes ?? 0;

    /// <summary>The frames where a pass runs, <c>[B, m, H, W, C]</c>, newest last; null before there are any. Owned by the history or by the innermost scope.</summary>
    public Tensor? Frames(Pass pass)
    {
        if (_frames?.Value is not { } kept || kept.Device == pass.Device)
        {
            return _frames?.Value;
        }

        Tensor brought = pass.New(kept.Shape, kept.DType);
        brought.CopyFrom(kept);
        return brought;
    }

    /// <summary>Drops the oldest frames and adds the newest ones.</summary>
    /// <param name="pass">Where to run.</param>
    /// <param name="x">Frames just seen, <c>[B, T, H, W, C]</c>.</param>
    /// <param name="keep">Frames to have afterwards at most.</param>
    /// <param name="zeroFill">Whether zeros stand for frames that have not existed.</param>
    public void Append(Pass pass, Tensor x, int keep, bool zeroFill = false)
    {
        (int batch, int frames, int had) = (x.Shape[0], x.Shape[1], _frames?.Value.Shape[1] ?? 0);
        int count = zeroFill ? keep : Math.Min(keep, had + frames);
        int fresh = Math.Min(frames, count);
        int old = Math.Min(had, count - fresh);
        using Scope scope = pass.BeginScope();
        if (pass.Records(x, _frames?.Value))
        {
            Keep(pass.Detach(Joined(pass, x, count - old - fresh, old, fresh)));
            return;
        }

        OwnedTensor next = OwnedTensor.New(place ?? pass.Device, x.Shape.With(1, count), x.DType);
        try
        {
            Tensor target = Flat(pass, next.Value);
            for (int b = 0; b < batch; b++)
            {
                int start = b * count;
                if (count > old + fresh)
                {
                    pass.Slice(target, start, count - old - fresh).Clear();
                }

                if (old > 0)
                {
                    pass.Slice(target, start + count - fresh - old, old).CopyFrom(pass.Slice(Flat(pass, _frames!.Value), ((b + 1) * had) - old, old));
                }

                pass.Slice(target, start + count - fresh, fresh).CopyFrom(pass.Slice(Flat(pass, x), ((b + 1) * frames) - fresh, fresh));
            }
        }
        catch
        {
            next.Dispose();
            throw;
        }

        Keep(next);
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        _frames?.Dispose();
        _frames = null;
    }

    private void Keep(OwnedTensor next)
    {
        _frames?.Dispose();
        _frames = next;
    }

    // By ops, so that gradients find the way back to the piece that frames came from; where the pass runs, since its tape holds them anyway.
    private Tensor Joined(Pass pass, Tensor x, int missing, int old, int fresh)
    {
        List<Tensor> parts = [];
        if (missing > 0)
        {
            parts.Add(pass.Zeros(x.Shape.With(1, missing), x.DType));
        }

        if (old > 0)
        {
            Tensor kept = Frames(pass)!;
            parts.Add(Narrow.Forward(pass, kept, 1, kept.Shape[1] - old, old));
        }

        parts.Add(Narrow.Forward(pass, x, 1, x.Shape[1] - fresh, fresh));
        return Concat.Forward(pass, 1, [.. parts]);
    }

    private static Tensor Flat(Pass pass, Tensor x) => pass.Reshape(x, new Shape(x.Shape[0] * x.Shape[1], x.Shape[2], x.Shape[3], x.Shape[4]));
}
