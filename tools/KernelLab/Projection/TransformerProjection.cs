using RewardForcing.Native.Ops;

namespace RewardForcing.Native.KernelLab;

/// <summary>One pass of the 1.3B transformer over a block of three latent frames of 480 x 832.</summary>
/// <remarks>Reward Forcing: width 1536, 12 heads of 128, 8960 inside, 30 layers, 512 text tokens; keys are rotated by their place in the window, in every pass.</remarks>
internal static class TransformerProjection
{
    /// <summary>Latent frames of a block, and tokens of a frame.</summary>
    public const int BlockFrames = 3, FrameTokens = 30 * 52;

    /// <summary>Passes over a block: four steps, and one that fills the cache.</summary>
    public const int Passes = 5;

    private const int Layers = 30, Width = 1536, Inner = 8960, Heads = 12, Text = 512, Window = 9;
    private const int Tokens = BlockFrames * FrameTokens;

    /// <summary>Latent frames a block sees.</summary>
    /// <param name="block">Which, from 0.</param>
    public static int WindowFrames(int block) => Math.Min(Window, BlockFrames * (block + 1));

    /// <summary>The calls of a pass.</summary>
    /// <param name="kernels">Counts.</param>
    /// <param name="windowFrames">Latent frames the block sees.</param>
    public static IReadOnlyList<ProjectedCall> Calls(CountedKernels kernels, int windowFrames)
    {
        int keys = windowFrames * FrameTokens;
        return
        [
            kernels.RowsOf("modulated_layer_norm", Tokens, 2 * Layers), kernels.RowsOf("layer_norm", Tokens, Layers), kernels.RowsOf("rms_norm", Tokens, 2 * Layers),
            kernels.RowsOf("rms_norm_rope", Tokens, Layers), kernels.RowsOf("rope", keys, Layers), kernels.RowsOf("gated_residual", Tokens, Layers),
            kernels.RowsOf("add", Tokens, Layers), ProjectedCall.OfCopy("keys or values into the cache", 2.0 * Tokens * Width, 2 * Layers),
            Attention(kernels, keys), Attention(kernels, Text),
            Product("linear", kernels.Linear(Activation.None), Width, Width, 6), Product("linear", kernels.Linear(Activation.GeluTanh), Width, Inner, 1),
            Product("fused_mlp", kernels.FusedMlp, Inner, Width, 1),
        ];
    }

    private static ProjectedCall Attention(CountedKernels kernels, int keys) => ProjectedCall.OfTiles(
        "attention", $"{Tokens} queries, {keys} keys", kernels.Attention, keys, Tiles(Tokens, CountedKernels.TileRows) * Heads, ProjectedCall.WarpgroupShare,
        4.0 * Tokens * keys * Width, 4.0 * (Tokens + keys) * Width, Layers);

    private static ProjectedCall Product(string kernel, BlockCost cost, int inputs, int outputs, int each) => ProjectedCall.OfTiles(
        kernel, $"{Tokens} x {inputs} to {outputs}", cost, inputs, Tiles(Tokens, CountedKernels.TileRows) * Tiles(outputs, CountedKernels.WideColumns), ProjectedCall.WarpgroupShare,
        2.0 * Tokens * inputs * outputs, 2.0 * ((Tokens * ((double)inputs + outputs)) + ((double)inputs * outputs)), each * Layers);

    private static double Tiles(double extent, double tile) => Math.Ceiling(extent / tile);
}
