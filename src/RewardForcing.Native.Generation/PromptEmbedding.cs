namespace RewardForcing.Native.Generation;

/// <summary>An encoded text in host memory, so that the text encoder can be released before the transformer is loaded.</summary>
public sealed class PromptEmbedding
{
    /// <summary>Wraps rows.</summary>
    /// <param name="tokens">Rows, the closing <c>&lt;/s&gt;</c> included; padding is added by the transformer.</param>
    /// <param name="width">Width of a row, 4096 for Wan.</param>
    /// <param name="values">Row-major, <c>[S, width]</c>.</param>
    /// <exception cref="ArgumentException">The number of values is not the product of the extents.</exception>
    public PromptEmbedding(int tokens, int width, ReadOnlyMemory<float> values)
    {
        if (tokens < 0 || width < 1 || values.Length != (long)tokens * width)
        {
            throw new ArgumentException($"prompt: expected {tokens} x {width} values, got {values.Length}.", nameof(values));
        }

        (Tokens, Width, Values) = (tokens, width, values);
    }

    /// <summary>Rows.</summary>
    public int Tokens { get; }

    /// <summary>Width of a row.</summary>
    public int Width { get; }

    /// <summary>Row-major, <c>[S, width]</c>.</summary>
    public ReadOnlyMemory<float> Values { get; }
}
