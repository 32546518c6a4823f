using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Where blocks get keys and values of the context from: made in the pass from embedded text, or prepared for many passes.</summary>
/// <param name="Inputs">What they are made from in the pass; gradients flow there.</param>
/// <param name="Keys">Gives those of a layer from the inputs.</param>
internal sealed record ContextSource(Tensor[] Inputs, Func<Pass, int, WanBlock, Tensor[], ContextKeys> Keys)
{
    /// <summary>Made from text and, for image-to-video models, from an image.</summary>
    public static ContextSource Embedded(Tensor text, Tensor? image) => new(
        image is null ? [text] : [text, image], static (pass, _, block, inputs) => block.Context(pass, inputs[0], inputs.Length > 1 ? inputs[1] : null));

    /// <summary>Prepared; a constant.</summary>
    public static ContextSource Prepared(Func<int, ContextKeys> keys) => new([], (_, layer, _, _) => keys(layer));
}
