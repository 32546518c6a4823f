using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>The passes of one causal generation that come back unchanged, kept as captured passes.</summary>
/// <remarks>
/// Once the window is full, blocks differ in their latents and times alone: both are read from tensors that stay where they are. Until then, and
/// where positions count from the start of the video, every block is another pass, and runs as it comes.
/// </remarks>
internal sealed class StepReplays(CausalState state)
{
    // With eviction, without, and over finished frames; each once more where the sink's float copy is not valid yet.
    internal const int MostKept = 6;

    private readonly Dictionary<(CachePlan Plan, bool CacheOnly, bool ShadowIsValid), Step> _steps = [];

    /// <summary>Computes a pass behind the embedding of the timesteps.</summary>
    /// <param name="pass">The caller's pass.</param>
    /// <param name="plan">What happens to the caches.</param>
    /// <param name="cacheOnly">Whether only keys and values are wanted.</param>
    /// <param name="inputs">Latents, time embedding, projected time embedding.</param>
    /// <param name="body">The network.</param>
    /// <returns>What the body returned, owned by the innermost scope of <paramref name="pass"/>.</returns>
    public Tensor Run(Pass pass, CachePlan plan, bool cacheOnly, Tensor[] inputs, Func<Pass, Tensor, Tensor, Tensor, Tensor> body)
    {
        if (!pass.Device.CanReplay || pass.IsTraining || state.Model.StreamsBlocks || !ComesBack(state.Policy, state.CapacityFrames, plan))
        {
            return body(pass, inputs[0], inputs[1], inputs[2]);
        }

        var key = KeyOf(plan, cacheOnly, state.ShadowIsValid);
        if (!_steps.TryGetValue(key, out Step? step))
        {
            if (_steps.Count == MostKept)
            {
                Clear();
            }

            _steps[key] = step = new Step(pass.Device, inputs, body);
        }

        return step.Run(pass, inputs);
    }

    /// <summary>Whether later blocks do the same as a pass.</summary>
    internal static bool ComesBack(CachePolicy policy, int capacityFrames, CachePlan plan) => plan.End >= capacityFrames && policy.RopeMode != RopeMode.Absolute;

    /// <summary>What passes that can be replayed for each other have in common: where the frames lie in the whole video matters to absolute positions only.</summary>
    internal static (CachePlan Plan, bool CacheOnly, bool ShadowIsValid) KeyOf(CachePlan plan, bool cacheOnly, bool shadowIsValid) =>
        (plan with { StartFrame = 0, GlobalEnd = 0 }, cacheOnly, shadowIsValid);

    /// <summary>Forgets all of them: the tensors they read are about to move.</summary>
    public void Clear()
    {
        foreach (Step step in _steps.Values)
        {
            step.Dispose();
        }

        _steps.Clear();
    }

    private sealed class Step : IDisposable
    {
        private readonly OwnedTensor[] _inputs;
        private readonly CapturedPass _captured;

        public Step(Device device, Tensor[] inputs, Func<Pass, Tensor, Tensor, Tensor, Tensor> body)
        {
            _inputs = Array.ConvertAll(inputs, input => OwnedTensor.New(device, input.Shape, input.DType));
            _captured = new CapturedPass(device, pass => [body(pass, _inputs[0].Value, _inputs[1].Value, _inputs[2].Value)]);
        }

        public Tensor Run(Pass pass, Tensor[] inputs)
        {
            for (int i = 0; i < inputs.Length; i++)
            {
                _inputs[i].Value.CopyFrom(inputs[i]);
            }

            Tensor result = _captured.Run(pass.Cancellation)[0];
            Tensor copy = pass.New(result.Shape, result.DType);
            copy.CopyFrom(result);
            return copy;
        }

        public void Dispose()
        {
            _captured.Dispose();
            Array.ForEach(_inputs, static input => input.Dispose());
        }
    }
}
