using RewardForcing.Native.CudaSim;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing.Cases;

namespace RewardForcing.Native.KernelLab;

/// <summary>Counts each kernel of the 1.3B model once, on a simulated H100, at sizes that fill a block.</summary>
internal sealed class CountedKernels
{
    private const int Rows = 64;

    // The linear, fused_mlp and attention kernels make this many rows a block.
    public const int TileRows = 128;
    public const int WideColumns = 256;

    private readonly Dictionary<string, BlockCost> _tiles = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LabRun> _rows = new(StringComparer.Ordinal);

    /// <summary>Heads of 128, everything visible.</summary>
    public BlockCost Attention => Tiles("attention", static () => BlockCost.Of(static keys => LabWorkload.Of(new AttentionCase(), new(1, TileRows, keys, 1, 128)), 256, 512));

    /// <summary>The VAE's one head of 384, 64 queries a block, in two parts.</summary>
    public BlockCost WideAttention => Tiles("wide", static () => BlockCost.Of(static keys => LabWorkload.Of(new AttentionCase(), new(1, 64, keys, 1, 384)), 64, 128, blocks: 2));

    /// <summary>The second half of the feed-forward.</summary>
    public BlockCost FusedMlp => Tiles("mlp", static () => BlockCost.Of(static depth => LabWorkload.Of(new FusedMlpCase(), new(1, 1, TileRows, WideColumns, depth)), 256, 512));

    /// <summary>An affine map.</summary>
    public BlockCost Linear(Activation activation) =>
        Tiles($"linear {activation}", () => BlockCost.Of(depth => LabWorkload.Of(new LinearCase(), new(TileRows, depth, WideColumns, true, activation)), 256, 512));

    /// <summary>A causal convolution, by its tiles; the depth is taps times channels.</summary>
    public BlockCost Convolution(HopperConvolution tile) => Tiles($"conv {tile}", () => BlockCost.Of(
        depth => LabWorkload.Of(
            new CausalConv3dCase(), new(new(1, 1, HopperConvolution.TileLines, HopperConvolution.TileWidth, depth / 27), new(tile.TileColumns, depth / 27, 3, 3, 3), History: 2)),
        27 * tile.Slice, 27 * 3 * tile.Slice));

    /// <summary>A convolution of 3 x 3 behind a doubling; the depth is taps times channels.</summary>
    public BlockCost Upsample(int columns) => Tiles($"upsample {columns}", () => BlockCost.Of(
        depth => LabWorkload.Of(new UpsampleConv2dCase(), new(new(1, 4, 8, depth / 9), new(columns, depth / 9, 3, 3))), 9 * 64, 9 * 128));

    /// <summary>Calls over rows of the transformer's width.</summary>
    public ProjectedCall RowsOf(string kernel, double rows, int calls) => ProjectedCall.OfRows(Counted(kernel, () => kernel switch
    {
        "rms_norm" => LabWorkload.Of(new RmsNormCase(), new(Rows, 1536)),
        "rms_norm_rope" => LabWorkload.Of(new RmsNormRopeCase(), new(1, new(2, 4, 8), 0, 12, 128)),
        "rope" => LabWorkload.Of(new RopeCase(), new(1, new(2, 4, 8), 0, 12, 128)),
        "layer_norm" => LabWorkload.Of(new LayerNormCase(), new(Rows, 1536, true, true)),
        "modulated_layer_norm" => LabWorkload.Of(new ModulatedLayerNormCase(), new(1, 1, Rows, 1536)),
        "gated_residual" => LabWorkload.Of(new GatedResidualCase(), new(1, 1, Rows, 1536)),
        _ => LabWorkload.Of(new AddCase(), new(1, Rows, 1536, 3)),
    }), Rows, rows, calls);

    /// <summary>Calls over pixels.</summary>
    public ProjectedCall PixelsOf(string kernel, double pixels, int channels, int calls) => ProjectedCall.OfRows(Counted($"{kernel} {channels}", () => kernel switch
    {
        "channel_rms_norm" => LabWorkload.Of(new ChannelRmsNormCase(), new(4 * Rows, channels, Activation.Silu)),
        _ => LabWorkload.Of(new AddCase(), new(1, 4 * Rows, channels, 3)),
    }), 4 * Rows, pixels, calls) with
    { Sizes = $"{pixels:0} pixels of {channels}" };

    /// <summary>Weights of a convolution whose channels are moved to the end, as it is done before each call.</summary>
    public ProjectedCall WeightsOf(double elements, int calls)
    {
        const int counted = 16 * 96 * 27;
        LabRun run = Counted("permute", static () => LabWorkload.Of(new PermuteCase(), new(new(16, 96, 3, 3, 3), "02341")));
        return ProjectedCall.OfRows(run, counted, elements, calls) with { Sizes = $"{elements:0} weights, channels to the end" };
    }

    private BlockCost Tiles(string key, Func<BlockCost> count) => _tiles.TryGetValue(key, out BlockCost? known) ? known : _tiles[key] = count();

    private LabRun Counted(string key, Func<LabWorkload> workload) =>
        _rows.TryGetValue(key, out LabRun? known) ? known : _rows[key] = LabRun.Of(workload(), DType.BF16, DeviceProfile.H100);
}
