using RewardForcing.Native.Models;

namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Sizes of the miniature's networks.</summary>
internal static class MiniatureGeometry
{
    /// <summary>The autoencoder: Wan's multipliers, an eighth of its width, one residual block a level.</summary>
    public static VaeConfig Vae { get; } = new() { Dim = 12, ResidualBlocks = 1 };

    /// <summary>The transformer.</summary>
    /// <param name="dim">Width.</param>
    /// <param name="layers">Blocks.</param>
    /// <param name="heads">Heads of attention.</param>
    public static WanConfig Transformer(int dim, int layers, int heads) => new()
    {
        Dim = dim,
        FfnDim = 4 * dim,
        Heads = heads,
        Layers = layers,
        FreqDim = 64,
        TextDim = 64,
        TextTokens = 32,
    };

    /// <summary>The text encoder for a vocabulary.</summary>
    /// <param name="vocabulary">Pieces of the tokenizer.</param>
    public static UmT5Config TextEncoder(int vocabulary) => new() { Vocabulary = vocabulary, Dim = 64, AttentionDim = 64, FfnDim = 128, Heads = 4, Layers = 2 };
}
