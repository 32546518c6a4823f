using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>How a causal transformer sees a whole video at once in training.</summary>
/// <remarks>Spec: models 2.10. Sizes are frames here; <see cref="Attention"/> multiplies them by the tokens of a frame.</remarks>
public sealed record TrainingMask
{
    /// <summary>Frames of a block, which see each other.</summary>
    public int FramesPerBlock { get; init; } = 3;

    /// <summary>Frames a block may attend to, counted back from its own end; -1 for all. Not used with teacher forcing.</summary>
    public int LocalFrames { get; init; } = -1;

    /// <summary>Whether the first frame is a block of its own, as for image-to-video.</summary>
    public bool IndependentFirstFrame { get; init; }

    /// <summary>Teacher forcing: the clean video, <c>[B, 16, F, H, W]</c>, that noisy blocks attend to instead of each other; null otherwise.</summary>
    public Tensor? CleanX { get; init; }

    /// <summary>Timesteps of <see cref="CleanX"/>, B or B·F of them; empty for 0.</summary>
    public ReadOnlyMemory<float> CleanTimesteps { get; init; }

    /// <summary>The mask over tokens.</summary>
    /// <param name="frames">Frames of the video.</param>
    /// <param name="tokensPerFrame">Tokens of a frame.</param>
    /// <exception cref="ArgumentException">Teacher forcing with a first frame of its own.</exception>
    public AttentionMask Attention(int frames, int tokensPerFrame)
    {
        int block = FramesPerBlock * tokensPerFrame;
        int total = frames * tokensPerFrame;
        if (FramesPerBlock < 1)
        {
            throw new ArgumentException($"training mask: a block has at least one frame, got {FramesPerBlock}.");
        }

        if (CleanX is not null)
        {
            return IndependentFirstFrame
                ? throw new ArgumentException("training mask: teacher forcing and a first frame of its own do not go together.")
                : AttentionMask.TeacherForcing(total, block);
        }

        // Where the last block is cut off, the reference gives the padding that completes it the view of that block.
        int local = LocalFrames < 0 ? -1 : LocalFrames * tokensPerFrame;
        return AttentionMask.BlockCausal(IndependentFirstFrame ? tokensPerFrame : block, block, local, EndOfBlocks(total, tokensPerFrame));
    }

    /// <summary>Keys the attention runs over: where the last block is cut off, the reference lets it see zero keys up to a multiple of 128.</summary>
    internal int PaddedKeys(int frames, int tokensPerFrame)
    {
        int total = frames * tokensPerFrame;
        return CleanX is not null ? 2 * total : Math.Min(EndOfBlocks(total, tokensPerFrame), (total + 127) / 128 * 128);
    }

    private int EndOfBlocks(int total, int tokensPerFrame)
    {
        int block = FramesPerBlock * tokensPerFrame;
        int first = IndependentFirstFrame ? tokensPerFrame : 0;
        return first + ((total - first + block - 1) / block * block);
    }
}
