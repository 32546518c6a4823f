using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

public sealed partial class WanTransformer
{
    /// <summary>Runs the network up to its last block that is asked for and gives what leaves some of its blocks.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Noisy latents, <c>[B, 16, F, H, W]</c>, H and W even, F32 or BF16.</param>
    /// <param name="timesteps">Timesteps, 0 to 1000: one for each sample, or B·F of them, one for each frame.</param>
    /// <param name="context">Text encoder output, <c>[B, S, text_dim]</c>.</param>
    /// <param name="layers">Blocks, from 0, in rising order; at least one.</param>
    /// <returns>The residual stream behind each of them, <c>[B, L, C]</c>, and the embedding of the timesteps before its projection, <c>[B, 1 or F, C]</c>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit, or the network has no such block.</exception>
    /// <exception cref="OperationCanceledException">The pass was cancelled.</exception>
    public (Tensor[] Hidden, Tensor TimeEmbedding) Hidden(Pass pass, Tensor x, ReadOnlySpan<float> timesteps, Tensor context, IReadOnlyList<int> layers)
    {
        CheckLatents(x, "x");
        CheckImageLatents(x, null);
        if (layers.Count == 0 || layers[0] < 0 || layers[^1] >= _blocks.Count || !layers.SequenceEqual(layers.Order().Distinct()))
        {
            throw new ArgumentException($"wan: layers must be some of the blocks 0 to {_blocks.Count - 1} in rising order, got {string.Join(", ", layers)}.", nameof(layers));
        }

        (int batch, int frames) = (x.Shape[0], x.Shape[2]);
        RopeGrid grid = Grid(x);
        ContextSource text = ContextSource.Embedded(EmbedText(pass, context, batch, x.DType), null);
        Tensor tokens = EmbedPatches(pass, x);
        (Tensor e, Tensor projected) = EmbedTime(pass, Times(timesteps, batch, frames), batch, x.DType);
        List<Tensor> hidden = [];
        for (int layer = 0; layer <= layers[^1]; layer++)
        {
            pass.Cancellation.ThrowIfCancellationRequested();
            tokens = Block(pass, layer, tokens, projected, text, (own, block, y, m, keys) => block.Forward(own, y, m, keys, grid, AttentionMask.All, y.Shape[1]));
            if (layers.Contains(layer))
            {
                hidden.Add(tokens);
            }
        }

        return ([.. hidden], e);
    }
}
