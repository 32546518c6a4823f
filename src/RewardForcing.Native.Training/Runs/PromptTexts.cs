using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Encoded prompts of a run: each is encoded when it is first asked for and kept in host memory.</summary>
internal sealed class PromptTexts : IDisposable
{
    private const long MostBytes = 1L << 30;
    private readonly Dictionary<string, PromptEmbedding> _known = new(StringComparer.Ordinal);
    private readonly UnigramTokenizer _tokenizer;
    private readonly UmT5Encoder _encoder;
    private readonly DType _type;
    private readonly int _maxTokens;
    private long _bytes;

    /// <summary>Opens tokenizer and text encoder of a model folder.</summary>
    /// <param name="device">Where texts are encoded.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="type">Type of the activations.</param>
    /// <param name="maxTokens">Tokens the transformer takes.</param>
    public PromptTexts(Device device, ModelFolder folder, DType type, int maxTokens)
    {
        (_type, _maxTokens) = (type, maxTokens);
        _tokenizer = UnigramTokenizer.Open(folder.Find(ModelPart.Tokenizer));
        using TensorArchive archive = TensorArchive.Open(folder.Find(ModelPart.TextEncoder));
        _encoder = UmT5Encoder.Load(device, archive);
    }

    /// <summary>A batch of prompts, shorter ones filled up with zeros.</summary>
    /// <param name="pass">Owns the tensor.</param>
    /// <param name="prompts">One for each sample.</param>
    /// <returns><c>[B, S, text_dim]</c>.</returns>
    public Tensor Batch(Pass pass, IReadOnlyList<string> prompts)
    {
        Tensor batch = Rows(pass, [.. prompts.Select(prompt => Of(prompt, pass.Cancellation))]);
        return _type == DType.F32 ? batch : Cast.Forward(pass, batch, _type);
    }

    /// <summary>Encoded prompts side by side, shorter ones filled up with the zeros that the network would fill them up with.</summary>
    /// <param name="pass">Owns the tensor.</param>
    /// <param name="texts">One for each sample.</param>
    /// <returns><c>[B, S, text_dim]</c>, F32.</returns>
    public static Tensor Rows(Pass pass, IReadOnlyList<PromptEmbedding> texts)
    {
        int rows = texts.Max(static text => text.Tokens), width = texts[0].Width;
        var values = new float[texts.Count * rows * width];
        for (int i = 0; i < texts.Count; i++)
        {
            texts[i].Values.Span.CopyTo(values.AsSpan(i * rows * width));
        }

        return pass.From<float>(new Shape(texts.Count, rows, width), values);
    }

    /// <summary>Encodes one prompt, or finds it again.</summary>
    /// <param name="prompt">Any text.</param>
    /// <param name="cancellation">Stops between two layers.</param>
    public PromptEmbedding Of(string prompt, CancellationToken cancellation)
    {
        if (!_known.TryGetValue(prompt, out PromptEmbedding? text))
        {
            text = TextEncoding.Encode(_encoder, [_tokenizer.Encode(TextCleaning.Clean(prompt), _maxTokens)], _type, cancellation)[0];
            _bytes += sizeof(float) * (long)text.Values.Length;
            if (_bytes > MostBytes)
            {
                _known.Clear();
                _bytes = sizeof(float) * (long)text.Values.Length;
            }

            _known.Add(prompt, text);
        }

        return text;
    }

    /// <summary>Releases the text encoder.</summary>
    public void Dispose() => _encoder.Dispose();
}
