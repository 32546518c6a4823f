using RewardForcing.Native.Formats;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>The umT5 text encoder of Wan 2.1.</summary>
/// <remarks>
/// Only real tokens are computed: padding would get probability zero in every softmax, and its own rows are set to zero afterwards. With
/// BF16 activations the rounding points are those of the reference in bfloat16. Spec: models, section 7.
/// </remarks>
public sealed class UmT5Encoder : IDisposable
{
    internal const string Table = "token_embedding.weight";
    private const int Padding = 0;

    private readonly WeightSet _weights;
    private readonly BlockStack<UmT5Block> _blocks;

    /// <summary>Builds the network on loaded weights.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="weights">All parameters of <see cref="Declare"/>; owned by the network from here on.</param>
    public UmT5Encoder(UmT5Config config, WeightSet weights)
    {
        config.Validate();
        Config = config;
        _weights = weights;
        _blocks = new BlockStack<UmT5Block>(weights, config.Layers, (set, layer) => new UmT5Block(set, layer, config));
    }

    /// <summary>Sizes.</summary>
    public UmT5Config Config { get; }

    /// <summary>The parameters.</summary>
    public WeightSet Weights => _weights;

    /// <summary>Where the weights live.</summary>
    public Device Device => _weights.Device;

    /// <summary>The parameters a network of this size has, under the original keys.</summary>
    /// <param name="config">Sizes.</param>
    public static IReadOnlyList<ParameterSpec> Declare(UmT5Config config)
    {
        config.Validate();
        List<ParameterSpec> specs = [new(Table, new Shape(config.Vocabulary, config.Dim))];
        for (int layer = 0; layer < config.Layers; layer++)
        {
            string block = $"blocks.{layer}.";
            specs.Add(new($"{block}norm1.weight", new Shape(config.Dim)));
            specs.Add(new($"{block}attn.q.weight", new Shape(config.AttentionDim, config.Dim)));
            specs.Add(new($"{block}attn.k.weight", new Shape(config.AttentionDim, config.Dim)));
            specs.Add(new($"{block}attn.v.weight", new Shape(config.AttentionDim, config.Dim)));
            specs.Add(new($"{block}attn.o.weight", new Shape(config.Dim, config.AttentionDim)));
            specs.Add(new($"{block}pos_embedding.embedding.weight", new Shape(config.Buckets, config.Heads)));
            specs.Add(new($"{block}norm2.weight", new Shape(config.Dim)));
            specs.Add(new($"{block}ffn.gate.0.weight", new Shape(config.FfnDim, config.Dim)));
            specs.Add(new($"{block}ffn.fc1.weight", new Shape(config.FfnDim, config.Dim)));
            specs.Add(new($"{block}ffn.fc2.weight", new Shape(config.Dim, config.FfnDim)));
        }

        specs.Add(new("norm.weight", new Shape(config.Dim)));
        return specs;
    }

    /// <summary>Reads the weights from a checkpoint under the original or the Hugging Face names.</summary>
    /// <param name="device">Where they are to live.</param>
    /// <param name="archive">The checkpoint; may be disposed afterwards.</param>
    /// <param name="config">Sizes; null derives them from the shapes.</param>
    /// <param name="rules">Types and places of the weights; null uses them as they are stored, mapped in place on the CPU.</param>
    /// <param name="cancellation">Stops between two tensors.</param>
    /// <exception cref="WeightMismatchException">A tensor is missing, left over or of another shape; the message lists all of them.</exception>
    public static UmT5Encoder Load(
        Device device, TensorArchive archive, UmT5Config? config = null, WeightRules? rules = null, CancellationToken cancellation = default)
    {
        config ??= UmT5Config.FromShapes(archive);
        WeightSet weights = WeightSet.Load(device, archive, UmT5KeyMap.For(archive), Declare(config), rules, null, rules?.StreamsBlocks == true ? StaysOnHost : null, cancellation);
        try
        {
            return new UmT5Encoder(config, weights);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Encodes one text.</summary>
    /// <param name="pass">Where to run; cancellation is looked at between layers.</param>
    /// <param name="ids">Token numbers, the closing <c>&lt;/s&gt;</c> included; trailing padding (0) is cut off.</param>
    /// <param name="dtype">Type of the activations: F32 or BF16.</param>
    /// <returns>One row for each real token, <c>[L, dim]</c>.</returns>
    /// <exception cref="ArgumentException">There is no token, or a token is not in the vocabulary.</exception>
    /// <exception cref="OperationCanceledException">The pass was cancelled.</exception>
    public Tensor Encode(Pass pass, ReadOnlySpan<int> ids, DType dtype = DType.F32)
    {
        ids = ids.TrimEnd(Padding);
        if (ids.IsEmpty)
        {
            throw new ArgumentException("umt5: a text has at least one token, the closing </s>; got none.", nameof(ids));
        }

        foreach (int id in ids)
        {
            if (id < 0 || id >= Config.Vocabulary)
            {
                throw new ArgumentException($"umt5: token {id} is not in the vocabulary of {Config.Vocabulary}; the tokenizer belongs to another model.", nameof(ids));
            }
        }

        using Scope scope = pass.BeginScope();
        int tokens = ids.Length;
        Tensor embedded = Embed(pass, ids, dtype);
        Tensor buckets = pass.From<int>(new Shape((2 * tokens) - 1), BucketRow(tokens));
        Tensor hidden = LayerChain.Run(pass, embedded, Config.Layers, (x, layer) => _blocks[layer].Forward(pass, x, buckets));
        Tensor normed = RmsNorm.Forward(pass, hidden, _weights["norm.weight"], Config.Eps);
        return scope.Keep(pass.Reshape(normed, new Shape(tokens, Config.Dim)));
    }

    /// <summary>Encodes texts to the block the transformer takes: one entry each, rows after the last token zero.</summary>
    /// <param name="pass">Where to run.</param>
    /// <param name="texts">Token numbers of each text, as for <see cref="Encode"/>.</param>
    /// <param name="textTokens">Rows of each entry, 512 for Wan.</param>
    /// <param name="dtype">Type of the activations: F32 or BF16.</param>
    /// <returns><c>[B, S, dim]</c>.</returns>
    /// <exception cref="ArgumentException">A text is longer than <paramref name="textTokens"/>, or as for <see cref="Encode"/>.</exception>
    public Tensor EncodeContext(Pass pass, IReadOnlyList<int[]> texts, int textTokens, DType dtype = DType.F32)
    {
        using Scope scope = pass.BeginScope();
        Tensor context = pass.Zeros(new Shape(texts.Count, textTokens, Config.Dim), dtype);
        Tensor rows = pass.Reshape(context, new Shape(texts.Count * textTokens, Config.Dim));
        for (int text = 0; text < texts.Count; text++)
        {
            using Scope inner = pass.BeginScope();
            Tensor encoded = Encode(pass, texts[text], dtype);
            int length = encoded.Shape[0];
            if (length > textTokens)
            {
                throw new ArgumentException($"umt5: text {text} has {length} tokens, expected at most {textTokens}; let the tokenizer cut it.", nameof(texts));
            }

            pass.Slice(rows, text * textTokens, length).CopyFrom(encoded);
        }

        return scope.Keep(context);
    }

    /// <summary>Releases the weights.</summary>
    public void Dispose()
    {
        _blocks.Dispose();
        _weights.Dispose();
    }

    // Of the table, most of which no text uses, only rows are brought to the device.
    private static bool StaysOnHost(string name) => name == Table || name.StartsWith("blocks.", StringComparison.Ordinal);

    // Entry j - i + L - 1 belongs to key j and query i.
    private int[] BucketRow(int tokens)
    {
        var row = new int[(2 * tokens) - 1];
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = RelativeBuckets.Of(i - (tokens - 1), Config.Buckets, Config.MaxDistance);
        }

        return row;
    }

    // A table in host memory gives its rows there: they are copied and rounded alike.
    private Tensor Embed(Pass pass, ReadOnlySpan<int> ids, DType dtype)
    {
        Parameter table = _weights[Table];
        Shape shape = new(1, ids.Length);
        if (table.Value.Device == pass.Device)
        {
            return Embedding.Forward(pass, table, pass.From(shape, ids), dtype);
        }

        using Pass host = Pass.Inference(table.Value.Device, pass.Cancellation);
        Tensor rows = Embedding.Forward(host, table, host.From(shape, ids), dtype);
        Tensor embedded = pass.New(rows.Shape, dtype);
        embedded.CopyFrom(rows);
        return embedded;
    }
}
