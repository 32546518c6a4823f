using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Encodes texts to host memory, one after the other, so that the text encoder can be released afterwards.</summary>
public static class TextEncoding
{
    /// <summary>Encodes texts.</summary>
    /// <param name="encoder">The text encoder.</param>
    /// <param name="texts">Token numbers of each text, the closing <c>&lt;/s&gt;</c> included.</param>
    /// <param name="type">Type of the activations: F32 or BF16.</param>
    /// <param name="cancellation">Stops between two layers.</param>
    public static PromptEmbedding[] Encode(UmT5Encoder encoder, IReadOnlyList<int[]> texts, DType type = DType.F32, CancellationToken cancellation = default)
    {
        var prompts = new PromptEmbedding[texts.Count];
        for (int i = 0; i < prompts.Length; i++)
        {
            using Pass pass = Pass.Inference(encoder.Device, cancellation);
            Tensor rows = encoder.Encode(pass, texts[i], type);
            prompts[i] = new PromptEmbedding(rows.Shape[0], rows.Shape[1], rows.ToFloats());
        }

        return prompts;
    }
}
