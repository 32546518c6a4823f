using System.Text.Json.Nodes;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>The reward of a run on latents: clips are decoded, judged, and standardised by what was seen so far.</summary>
/// <remarks>Spec: training 3.3.</remarks>
internal sealed class StandardReward
{
    private const string Key = "reward";
    private readonly IReward _reward;
    private readonly RunningStandard _standard;
    private readonly WanVae _vae;

    /// <summary>Chooses the reward.</summary>
    /// <param name="settings">Which; key <c>reward</c>.</param>
    /// <param name="networks">The VAE that decodes.</param>
    public StandardReward(TrainingSettings settings, DistillationNetworks networks)
    {
        _reward = settings.Score.Reward == "constant" ? new ConstantReward() : new MotionReward();
        _standard = new RunningStandard(settings.Score.RewardKeep);
        _vae = networks.Vae!;
    }

    /// <summary>Raw rewards of the last clips.</summary>
    public IReadOnlyList<double> LastRaw { get; private set; } = [0];

    /// <summary>Judges clips.</summary>
    /// <param name="pass">An inference pass.</param>
    /// <param name="clip">Latents, <c>[B, F, C, H, W]</c>.</param>
    /// <param name="batch">Their prompts.</param>
    public IReadOnlyList<double> Judge(Pass pass, Tensor clip, DistillationBatch batch)
    {
        List<double> raw = [];
        for (int sample = 0; sample < clip.Shape[0]; sample++)
        {
            // One after the other: frames are far larger than latents.
            using Pass decoding = Pass.Inference(pass.Device, pass.Cancellation);
            Tensor one = decoding.Slice(clip, sample, 1);
            Tensor frames = _vae.Decode(decoding, Permute.Forward(decoding, one, 0, 1, 3, 4, 2));
            raw.AddRange(_reward.Judge(decoding, Permute.Forward(decoding, frames, 0, 4, 1, 2, 3), [batch.Prompts[sample]]));
        }

        LastRaw = raw;
        return _standard.Standardise(raw);
    }

    /// <summary>Writes the statistics down.</summary>
    public void Save(JsonObject state) => state[Key] = _standard.Save();

    /// <summary>Takes the statistics back.</summary>
    public void Load(JsonObject state)
    {
        if (state[Key] is JsonObject own)
        {
            _standard.Load(own);
        }
    }
}
