namespace RewardForcing.Native.Generation;

/// <summary>What a model folder consists of.</summary>
public enum ModelPart
{
    /// <summary>Sizes of the transformer.</summary>
    TransformerConfig,

    /// <summary>Weights of the transformer.</summary>
    Transformer,

    /// <summary>The video autoencoder.</summary>
    Vae,

    /// <summary>The umT5 text encoder.</summary>
    TextEncoder,

    /// <summary>The umT5 tokenizer, a folder.</summary>
    Tokenizer,

    /// <summary>The CLIP vision tower of image-to-video models.</summary>
    ClipVision,
}
