namespace RewardForcing.Native.Models;

/// <summary>What a file of tensors is.</summary>
public enum ModelKind
{
    /// <summary>Nothing this program knows.</summary>
    Unknown,

    /// <summary>A Wan transformer conditioned on text, bidirectional or causal: the keys are the same.</summary>
    WanTextToVideo,

    /// <summary>A Wan transformer conditioned on text and an image.</summary>
    WanImageToVideo,

    /// <summary>A training checkpoint that holds the generator of Reward Forcing, Self Forcing, LongLive or CausVid.</summary>
    GeneratorCheckpoint,

    /// <summary>The umT5 text encoder.</summary>
    UmT5,

    /// <summary>The Wan VAE.</summary>
    WanVae,

    /// <summary>A small preview decoder (TAEHV).</summary>
    Taehv,

    /// <summary>The CLIP vision tower of image-to-video models.</summary>
    Clip,

    /// <summary>A low-rank adapter of a Wan transformer.</summary>
    Lora,

    /// <summary>A reference case: inputs and expected outputs.</summary>
    Golden,
}
