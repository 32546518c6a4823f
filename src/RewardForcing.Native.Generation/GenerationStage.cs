namespace RewardForcing.Native.Generation;

/// <summary>What a generation is doing.</summary>
public enum GenerationStage
{
    /// <summary>Given latents go into the caches.</summary>
    Prefill,

    /// <summary>A step of a block was done.</summary>
    Denoise,

    /// <summary>The latents of a block are finished.</summary>
    BlockDone,

    /// <summary>Frames were decoded.</summary>
    Decoded,
}
