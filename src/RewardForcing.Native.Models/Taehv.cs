using RewardForcing.Native.Formats;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>The small preview decoder TAEHV: 2-D convolutions with a memory of one frame, some 25 times cheaper than the VAE's decoder.</summary>
/// <remarks>
/// Takes normalised latents as they are. Each latent gives 4 frames; the first 3 of a video stand for nothing and are dropped by
/// <see cref="OpenDecoder"/>. Weights of the encoder are checked and not used. Spec: models 6.7.
/// </remarks>
public sealed class Taehv : IDisposable
{
    /// <summary>Frames at the start of a video that stand for nothing.</summary>
    public const int WarmUpFrames = 3;

    /// <summary>Frames for each latent.</summary>
    public const int FramesPerLatent = 4;

    /// <summary>Pixels for each latent position, in both directions.</summary>
    public const int SpatialScale = 8;

    private const int BlocksPerLevel = 3;

    private static readonly int[] Growth = [1, 2, 2];

    private readonly WeightSet _weights;
    private readonly TanhLimit _limit;
    private readonly OwnedTensor _minusOne;

    /// <summary>Builds the network on loaded weights.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="weights">All parameters of <see cref="Declare"/>; owned by the network from here on.</param>
    public Taehv(TaehvConfig config, WeightSet weights)
    {
        Config = config;
        _weights = weights;
        _limit = new TanhLimit(weights.Device);
        _minusOne = OwnedTensor.New(weights.Device, new Shape(3));
        _minusOne.Value.CopyFrom<float>([-1f, -1f, -1f]);
    }

    /// <summary>Sizes.</summary>
    public TaehvConfig Config { get; }

    /// <summary>The parameters.</summary>
    public WeightSet Weights => _weights;

    /// <summary>Where the weights live.</summary>
    public Device Device => _weights.Device;

    /// <summary>The parameters a network of this size has.</summary>
    /// <param name="config">Sizes.</param>
    public static IReadOnlyList<ParameterSpec> Declare(TaehvConfig config)
    {
        List<ParameterSpec> specs = [];
        Convolution(specs, "decoder.1", config.Widths[0], config.LatentChannels, bias: true);
        for (int level = 0; level < TaehvConfig.Levels - 1; level++)
        {
            int width = config.Widths[level];
            MemoryBlocks(specs, "decoder", FirstBlock(level), width);
            specs.Add(new($"decoder.{FirstBlock(level) + 4}.conv.weight", new Shape(config.StoredGrowth[level] * width, width, 1, 1)));
            Convolution(specs, $"decoder.{FirstBlock(level) + 5}", config.Widths[level + 1], width, bias: false);
        }

        Convolution(specs, "decoder.22", 3, config.Widths[^1], bias: true);
        if (config.HasEncoder)
        {
            DeclareEncoder(specs, config);
        }

        return specs;
    }

    /// <summary>Reads the weights from a checkpoint.</summary>
    /// <param name="device">Where they are to live.</param>
    /// <param name="archive">The checkpoint; may be disposed afterwards.</param>
    /// <param name="config">Sizes; null derives them from the shapes.</param>
    /// <param name="rules">Types of the weights; null uses them as they are stored, mapped in place on the CPU.</param>
    /// <param name="cancellation">Stops between two tensors.</param>
    /// <exception cref="WeightMismatchException">A tensor is missing, left over or of another shape; the message lists all of them.</exception>
    public static Taehv Load(
        Device device, TensorArchive archive, TaehvConfig? config = null, WeightRules? rules = null, CancellationToken cancellation = default)
    {
        config ??= TaehvConfig.FromShapes(archive);
        WeightSet weights = WeightSet.Load(device, archive, KeyMap.Identity, Declare(config), rules, cancellation: cancellation);
        try
        {
            return new Taehv(config, weights);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Starts to keep what decoding a video in several calls needs.</summary>
    public VaeStream OpenStream() => new(this, (TaehvConfig.Levels - 1) * BlocksPerLevel);

    /// <summary>Makes a decoder that keeps its own stream; the network must outlive it.</summary>
    public ILatentDecoder OpenDecoder() => new TaehvDecoder(this);

    /// <summary>Decodes latents to frames in 0..1, without dropping any.</summary>
    /// <param name="pass">Where to run; cancellation is looked at between layers.</param>
    /// <param name="latents">Normalised latents, <c>[B, F, H, W, C]</c>, F32 or BF16.</param>
    /// <param name="stream">Where the video has got to; null for a whole video.</param>
    /// <returns><c>[B, 4F, 8H, 8W, 3]</c>, about 0 to 1, not cut off.</returns>
    /// <exception cref="ArgumentException">The shape does not fit the network or the stream.</exception>
    /// <exception cref="OperationCanceledException">The pass was cancelled; the stream has to be reset.</exception>
    public Tensor Decode(Pass pass, Tensor latents, VaeStream? stream = null)
    {
        if (latents.Shape.Rank != 5 || latents.Shape[4] != Config.LatentChannels || latents.Shape[1] == 0)
        {
            throw new ArgumentException($"taehv: expected [B, F, H, W, {Config.LatentChannels}] and at least one frame, got {latents.Shape}.", nameof(latents));
        }

        bool records = _weights.Records(pass, latents);
        using VaeStream? own = stream is null ? OpenStream() : null;
        VaeStream state = stream ?? own!;
        state.Begin("taehv", latents, this, pass, records);
        using Scope scope = pass.BeginScope();
        List<Tensor> pieces = [];

        // A tape holds what every piece was made of, so small pieces save nothing.
        int step = records ? latents.Shape[1] : 1;
        for (int frame = 0; frame < latents.Shape[1]; frame += step)
        {
            using Scope inner = pass.BeginScope();
            Tensor piece = latents.Shape[1] == step ? latents : Narrow.Forward(pass, latents, 1, frame, step);
            pieces.Add(inner.Keep(DecodePiece(pass, piece, state)));
            state.Advance();
        }

        state.End();
        return scope.Keep(pieces.Count == 1 ? pieces[0] : Concat.Forward(pass, 1, pieces.ToArray()));
    }

    /// <summary>Releases the weights.</summary>
    public void Dispose()
    {
        _limit.Dispose();
        _minusOne.Dispose();
        _weights.Dispose();
    }

    /// <summary>From 0..1 to -1..1.</summary>
    internal Tensor Centre(Pass pass, Tensor x) => Add.Forward(pass, Add.Forward(pass, x, x), _minusOne.Value);

    // Levels begin at decoder.3, .9 and .15: three memory blocks, upsampling, growth, a convolution.
    private static int FirstBlock(int level) => 3 + (6 * level);

    private static void DeclareEncoder(List<ParameterSpec> specs, TaehvConfig config)
    {
        int width = config.Widths[^1];
        int[] pooled = [2, 2, 1];
        Convolution(specs, "encoder.0", width, 3, bias: true);
        for (int level = 0; level < pooled.Length; level++)
        {
            int first = 2 + (5 * level);
            specs.Add(new($"encoder.{first}.conv.weight", new Shape(width, pooled[level] * width, 1, 1)));
            Convolution(specs, $"encoder.{first + 1}", width, width, bias: false);
            MemoryBlocks(specs, "encoder", first + 2, width);
        }

        Convolution(specs, "encoder.17", config.LatentChannels, width, bias: true);
    }

    private static void MemoryBlocks(List<ParameterSpec> specs, string part, int first, int width)
    {
        for (int block = first; block < first + BlocksPerLevel; block++)
        {
            Convolution(specs, $"{part}.{block}.conv.0", width, 2 * width, bias: true);
            Convolution(specs, $"{part}.{block}.conv.2", width, width, bias: true);
            Convolution(specs, $"{part}.{block}.conv.4", width, width, bias: true);
        }
    }

    private static void Convolution(List<ParameterSpec> specs, string name, int outputs, int inputs, bool bias)
    {
        specs.Add(new($"{name}.weight", new Shape(outputs, inputs, 3, 3)));
        if (bias)
        {
            specs.Add(new($"{name}.bias", new Shape(outputs)));
        }
    }

    private Tensor DecodePiece(Pass pass, Tensor latents, VaeStream stream)
    {
        // Input, then for each level its blocks and the way to the next level, then output.
        const int PerLevel = BlocksPerLevel + 1;
        const int Inner = (TaehvConfig.Levels - 1) * PerLevel;
        return LayerChain.Run(pass, latents, Inner + 2, (x, step) =>
        {
            if (step == 0)
            {
                return Relu(pass, _limit.Forward(pass, x), "decoder.1");
            }

            if (step == Inner + 1)
            {
                return Convolve(pass, Unary.Forward(pass, x, Activation.Relu), "decoder.22");
            }

            (int level, int within) = Math.DivRem(step - 1, PerLevel);
            return within < BlocksPerLevel
                ? Remember(pass, x, $"decoder.{FirstBlock(level) + within}.conv", stream[(level * BlocksPerLevel) + within])
                : Grow(pass, x, level);
        });
    }

    private Tensor Convolve(Pass pass, Tensor x, string name)
    {
        Tensor? bias = _weights.Contains($"{name}.bias") ? _weights[$"{name}.bias"].Value : null;
        return Conv2d.Forward(pass, x, _weights[$"{name}.weight"], bias, Conv2dPlan.Same(1));
    }

    private Tensor Relu(Pass pass, Tensor x, string name)
    {
        using Scope scope = pass.BeginScope();
        return scope.Keep(Unary.Forward(pass, Convolve(pass, x, name), Activation.Relu));
    }

    // Every frame sees the one before it; what the first one sees was kept by the piece before, and is zero in a new video.
    private Tensor Remember(Pass pass, Tensor x, string name, FrameHistory history)
    {
        using Scope scope = pass.BeginScope();
        Tensor main = LayerChain.Run(pass, x, 4, (input, step) => step switch
        {
            0 => BesidePast(pass, input, history),
            1 => Relu(pass, input, $"{name}.0"),
            2 => Relu(pass, input, $"{name}.2"),
            _ => Convolve(pass, input, $"{name}.4"),
        });
        history.Append(pass, x, 1);
        return scope.Keep(Unary.Forward(pass, Add.Forward(pass, main, x), Activation.Relu));
    }

    private static Tensor BesidePast(Pass pass, Tensor x, FrameHistory history)
    {
        using Scope scope = pass.BeginScope();
        Tensor past = history.Frames(pass) ?? pass.Zeros(x.Shape.With(1, 1), x.DType);
        if (x.Shape[1] > 1)
        {
            past = Concat.Forward(pass, 1, past, Narrow.Forward(pass, x, 1, 0, x.Shape[1] - 1));
        }

        return scope.Keep(Concat.Forward(pass, 4, x, past));
    }

    // Doubles the pixels, makes one or two frames of each, and changes the width.
    private Tensor Grow(Pass pass, Tensor x, int level)
    {
        int growth = Growth[level];
        int first = FirstBlock(level);
        return LayerChain.Run(pass, x, 3, (input, step) =>
        {
            switch (step)
            {
                case 0:
                    return UpsampleNearest.Forward(pass, input);
                case 1:
                    using (Scope scope = pass.BeginScope())
                    {
                        int channels = input.Shape[4];
                        Tensor weight = _weights[$"decoder.{first + 4}.conv.weight"];
                        Tensor used = pass.Slice(weight, weight.Shape[0] - (growth * channels), growth * channels);
                        return scope.Keep(Unfold(pass, Linear.Forward(pass, input, used), growth));
                    }

                default:
                    return Convolve(pass, input, $"decoder.{first + 5}");
            }
        });
    }

    // Part j of the channels of frame i is frame growth * i + j.
    private static Tensor Unfold(Pass pass, Tensor x, int growth)
    {
        (int batch, int frames, int height, int width, int channels) = (x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3], x.Shape[4] / growth);
        Tensor split = pass.Reshape(x, new Shape(batch * frames, height * width, growth, channels));
        Tensor ordered = growth == 1 ? split : Permute.Forward(pass, split, 0, 2, 1, 3);
        return pass.Reshape(ordered, new Shape(batch, growth * frames, height, width, channels));
    }
}
