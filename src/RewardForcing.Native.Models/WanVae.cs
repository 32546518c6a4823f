using RewardForcing.Native.Formats;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>The causal video autoencoder of Wan 2.1: 8 x 8 pixels of four frames become one latent position; the first frame stands alone.</summary>
/// <remarks>
/// Works through a video in pieces (one latent, or one frame and then four) and keeps two frames for each causal convolution between
/// them, so the result does not depend on how a video is cut and memory does not depend on its length. Activations are F32 or BF16, as
/// the input is. Spec: models, section 6.
/// </remarks>
public sealed class WanVae : IDisposable
{
    private readonly object _decoding = new();
    private readonly object _encoding = new();
    private readonly WeightSet _weights;
    private readonly VaeBlock[] _encoder;
    private readonly VaeBlock[] _decoder;
    private readonly int _encoderSlots;
    private readonly int _decoderSlots;
    private readonly Projection _toLatent;
    private readonly Projection _fromLatent;
    private readonly LatentScale _scale;
    private readonly int _step;
    private readonly bool _keepsHistoryOnHost;

    /// <summary>Builds the network on loaded weights.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="weights">All parameters of <see cref="Declare"/>; owned by the network from here on.</param>
    /// <param name="options">How it is run; null for the defaults.</param>
    public WanVae(VaeConfig config, WeightSet weights, VaeOptions? options = null)
    {
        options ??= new VaeOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.LatentsPerStep, 1);
        config.Validate();
        Config = config;
        _weights = weights;
        _step = options.LatentsPerStep;
        _keepsHistoryOnHost = options.KeepsHistoryOnHost && !weights.Device.IsHost;
        (_encoder, _encoderSlots) = Build(weights, VaeLayout.Encoder(config));
        (_decoder, _decoderSlots) = Build(weights, VaeLayout.Decoder(config));
        _toLatent = new Projection(weights, "conv1");
        _fromLatent = new Projection(weights, "conv2");
        _scale = new LatentScale(weights.Device, config, options.ScaleMode);
    }

    /// <summary>Sizes.</summary>
    public VaeConfig Config { get; }

    /// <summary>The parameters.</summary>
    public WeightSet Weights => _weights;

    /// <summary>Where the weights live.</summary>
    public Device Device => _weights.Device;

    /// <summary>The parameters a network of this size has, under the original keys.</summary>
    /// <param name="config">Sizes.</param>
    public static IReadOnlyList<ParameterSpec> Declare(VaeConfig config) => VaeLayout.Declare(config);

    /// <summary>Reads the weights from a checkpoint in the original or the diffusers layout.</summary>
    /// <param name="device">Where they are to live.</param>
    /// <param name="archive">The checkpoint; may be disposed afterwards.</param>
    /// <param name="config">Sizes; null derives them from the shapes.</param>
    /// <param name="options">Types and arithmetic; null for the defaults.</param>
    /// <param name="cancellation">Stops between two tensors.</param>
    /// <exception cref="WeightMismatchException">A tensor is missing, left over or of another shape; the message lists all of them.</exception>
    public static WanVae Load(
        Device device, TensorArchive archive, VaeConfig? config = null, VaeOptions? options = null, CancellationToken cancellation = default)
    {
        config ??= VaeConfig.FromShapes(archive);
        WeightSet weights = WeightSet.Load(
            device, archive, WanVaeKeyMap.For(config, archive), Declare(config), options?.Weights, cancellation: cancellation);
        try
        {
            return new WanVae(config, weights, options);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Starts to keep what decoding a video in several calls needs.</summary>
    public VaeStream OpenDecodeStream() => new(_decoding, _decoderSlots, HistoryPlace());

    /// <summary>Starts to keep what encoding a video in several calls needs.</summary>
    public VaeStream OpenEncodeStream() => new(_encoding, _encoderSlots, HistoryPlace());

    /// <summary>Makes a decoder that keeps its own stream; the network must outlive it.</summary>
    public ILatentDecoder OpenDecoder() => new WanVaeDecoder(this);

    /// <summary>Decodes latents.</summary>
    /// <param name="pass">Where to run; cancellation is looked at between layers.</param>
    /// <param name="latents">Normalised latents, <c>[B, F, H, W, z]</c>, F32 or BF16.</param>
    /// <param name="stream">Where the video has got to; null for a whole video.</param>
    /// <returns><c>[B, P, 8H, 8W, 3]</c>, about -1 to 1, not cut off; the first latent of a video gives 1 frame, each later one 4.</returns>
    /// <exception cref="ArgumentException">The shape does not fit the network or the stream.</exception>
    /// <exception cref="OperationCanceledException">The pass was cancelled; the stream has to be reset.</exception>
    public Tensor Decode(Pass pass, Tensor latents, VaeStream? stream = null)
    {
        Check("wan_vae decode", latents, Config.LatentChannels, 1);
        return Run(pass, latents, stream, decode: true);
    }

    /// <summary>Encodes frames to the mean of their latents, normalised.</summary>
    /// <param name="pass">Where to run; cancellation is looked at between layers.</param>
    /// <param name="video">Frames in -1..1, <c>[B, T, H, W, 3]</c>, H and W divisible by 8, F32 or BF16.</param>
    /// <param name="stream">Where the video has got to; null for a whole video.</param>
    /// <returns><c>[B, F, H/8, W/8, z]</c>: one latent for a video's first frame and one for each later group of 4; frames that fill no group are ignored.</returns>
    /// <exception cref="ArgumentException">The shape does not fit the network or the stream, or the frames give no latent.</exception>
    /// <exception cref="OperationCanceledException">The pass was cancelled; the stream has to be reset.</exception>
    public Tensor Encode(Pass pass, Tensor video, VaeStream? stream = null)
    {
        using Scope scope = pass.BeginScope();
        Tensor moments = EncodeMoments(pass, video, stream);
        return scope.Keep(_scale.Normalise(pass, Narrow.Forward(pass, moments, 4, 0, Config.LatentChannels)));
    }

    /// <summary>Encodes frames to the distribution of their latents, as the network was trained on it.</summary>
    /// <param name="pass">Where to run; cancellation is looked at between layers.</param>
    /// <param name="video">As for <see cref="Encode"/>.</param>
    /// <param name="stream">Where the video has got to; null for a whole video.</param>
    /// <returns><c>[B, F, H/8, W/8, 2z]</c>: the mean, not normalised, then the logarithm of the variance.</returns>
    /// <exception cref="ArgumentException">The shape does not fit the network or the stream, or the frames give no latent.</exception>
    /// <exception cref="OperationCanceledException">The pass was cancelled; the stream has to be reset.</exception>
    public Tensor EncodeMoments(Pass pass, Tensor video, VaeStream? stream = null)
    {
        Check("wan_vae encode", video, VaeLayout.PixelChannels, Config.SpatialScale);
        return Run(pass, video, stream, decode: false);
    }

    /// <summary>Brings latents to mean 0 and deviation 1, as <see cref="Decode"/> takes them.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="latents">Latents of the distribution of <see cref="EncodeMoments"/>, <c>[B, F, H, W, z]</c>, F32 or BF16.</param>
    public Tensor Normalise(Pass pass, Tensor latents) => _scale.Normalise(pass, latents);

    /// <summary>Releases the weights.</summary>
    public void Dispose()
    {
        _scale.Dispose();
        _weights.Dispose();
    }

    private static (VaeBlock[] Blocks, int Slots) Build(WeightSet weights, List<VaeLayer> layers)
    {
        int slots = 0;
        return ([.. layers.Select(layer => VaeBlock.Create(weights, layer, ref slots))], slots);
    }

    private static void Check(string op, Tensor x, int channels, int multiple)
    {
        if (x.Shape.Rank != 5 || x.Shape[4] != channels || x.Shape[1] == 0 || x.Shape[2] % multiple != 0 || x.Shape[3] % multiple != 0)
        {
            string sizes = multiple == 1 ? string.Empty : $" with height and width divisible by {multiple}";
            throw new ArgumentException($"{op}: expected [B, T, H, W, {channels}]{sizes} and at least one frame, got {x.Shape}.");
        }
    }

    private Tensor Run(Pass pass, Tensor x, VaeStream? given, bool decode)
    {
        string op = decode ? "wan_vae decode" : "wan_vae encode";
        bool records = _weights.Records(pass, x);
        using VaeStream? own = given is null ? decode ? OpenDecodeStream() : OpenEncodeStream() : null;
        VaeStream stream = given ?? own!;
        stream.Begin(op, x, decode ? _decoding : _encoding, pass, records);
        using Scope scope = pass.BeginScope();
        int group = decode ? 1 : Config.TemporalScale;

        // A tape holds what every piece was made of, so small pieces save nothing.
        int step = records ? int.MaxValue : _step;
        List<Tensor> pieces = [];
        for (int at = 0; at < x.Shape[1];)
        {
            int rest = (x.Shape[1] - at) / group;
            int count = stream.Started ? Math.Min(step, rest) * group : 1;
            if (count == 0)
            {
                break;
            }

            using Scope inner = pass.BeginScope();
            Tensor piece = count == x.Shape[1] ? x : Narrow.Forward(pass, x, 1, at, count);
            pieces.Add(inner.Keep(decode ? DecodePiece(pass, piece, stream) : EncodePiece(pass, piece, stream)));
            stream.Advance();
            at += count;
        }

        stream.End();
        return pieces.Count switch
        {
            0 => throw new ArgumentException($"{op}: after its first frame a video is encoded in groups of {group} frames, got {x.Shape[1]}.", nameof(x)),
            1 => scope.Keep(pieces[0]),
            _ => scope.Keep(Concat.Forward(pass, 1, pieces.ToArray())),
        };
    }

    private CpuDevice? HistoryPlace() => _keepsHistoryOnHost ? new CpuDevice(1) : null;

    private Tensor DecodePiece(Pass pass, Tensor latents, VaeStream stream)
    {
        return LayerChain.Run(pass, latents, _decoder.Length + 1, (x, layer) => layer == 0
            ? _fromLatent.Forward(pass, _scale.Denormalise(pass, x))
            : _decoder[layer - 1].Forward(pass, x, stream));
    }

    private Tensor EncodePiece(Pass pass, Tensor video, VaeStream stream)
    {
        return LayerChain.Run(pass, video, _encoder.Length + 1, (x, layer) => layer < _encoder.Length
            ? _encoder[layer].Forward(pass, x, stream)
            : _toLatent.Forward(pass, x));
    }
}
