using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>What a run of <c>generate</c> is asked for. What is null is taken from the configuration, then from the published run.</summary>
public sealed record GenerateOptions
{
    /// <summary>The run's YAML file; null takes the published run's.</summary>
    public string? ConfigPath { get; init; }

    /// <summary>Weights that replace the model folder's transformer.</summary>
    public string? CheckpointPath { get; init; }

    /// <summary>Whether the running average of the checkpoint's weights is taken, if it has one.</summary>
    public bool UsesAverage { get; init; }

    /// <summary>The folder of a Wan model.</summary>
    public string? ModelFolder { get; init; }

    /// <summary>The one prompt; null where <see cref="DataPath"/> is given.</summary>
    public string? Prompt { get; init; }

    /// <summary>A file of prompts, one a line; with <see cref="IsImageDataset"/> a folder of images and captions.</summary>
    public string? DataPath { get; init; }

    /// <summary>A file of as many prompts as <see cref="DataPath"/> has: these are encoded, those name the files.</summary>
    public string? ExtendedPromptPath { get; init; }

    /// <summary>Whether <see cref="DataPath"/> is a data set of images.</summary>
    public bool IsImageDataset { get; init; }

    /// <summary>A picture all videos start from.</summary>
    public string? ImagePath { get; init; }

    /// <summary>What all videos continue: a file of latents, a video, or a folder of frames.</summary>
    public string? ExtendPath { get; init; }

    /// <summary>Where the videos go.</summary>
    public string OutputFolder { get; init; } = "videos";

    /// <summary>Latent frames of a video; a starting image counts, a continued video does not. Null takes the longest up to 21 that fits into blocks.</summary>
    public int? LatentFrames { get; init; }

    /// <summary>Seed of all random numbers.</summary>
    public ulong Seed { get; init; }

    /// <summary>Videos for each prompt.</summary>
    public int Samples { get; init; } = 1;

    /// <summary>How files are named.</summary>
    public NamingRule Naming { get; init; }

    /// <summary>Whether videos that exist are made again.</summary>
    public bool Overwrites { get; init; }

    /// <summary>The device's name.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Type of activations: F32 or BF16.</summary>
    public DType Type { get; init; } = DType.F32;

    /// <summary>
    /// Whether the networks are used piece by piece on a device they do not fit: blocks of transformer and text encoder brought from host memory one after
    /// the other, the decoder's memory of earlier frames kept there, decoding after denoising instead of beside it. Frames are the same. Changes
    /// nothing on the CPU.
    /// </summary>
    public bool SavesMemory { get; init; }

    /// <summary>Rows of pixels.</summary>
    public int? Height { get; init; }

    /// <summary>Columns of pixels.</summary>
    public int? Width { get; init; }

    /// <summary>Whether the small TAEHV network decodes, instead of the VAE.</summary>
    public bool UsesPreviewDecoder { get; init; }

    /// <summary>The file of the TAEHV network; null looks for <c>taew2_1.pth</c> in the model folder.</summary>
    public string? PreviewDecoderPath { get; init; }

    /// <summary>Frames per second of the files.</summary>
    public double Fps { get; init; } = 16;

    /// <summary>How videos are stored.</summary>
    public VideoFormat Format { get; init; } = VideoFormat.Mp4;

    /// <summary>The program ffmpeg; null looks on <c>PATH</c>.</summary>
    public string? Ffmpeg { get; init; }

    /// <summary>Whether a sheet of a dozen frames is written beside each video.</summary>
    public bool WritesContactSheet { get; init; }

    /// <summary>Name of a cache policy.</summary>
    public string? CachePolicy { get; init; }

    /// <summary>Share of the sink that is kept at each update.</summary>
    public double? SinkAlpha { get; init; }

    /// <summary>Arithmetic of the sink's average.</summary>
    public SinkPrecision? SinkPrecision { get; init; }

    /// <summary>What the sink does when another number of frames leaves the window than it has.</summary>
    public SinkMismatch? SinkMismatch { get; init; }

    /// <summary><c>few-step</c>, or a solver's name: <c>unipc</c>, <c>dpm++</c>, <c>euler</c>.</summary>
    public string? Sampler { get; init; }

    /// <summary>Steps of samplers of many steps.</summary>
    public int? Steps { get; init; }

    /// <summary>Guidance of samplers of many steps.</summary>
    public float? Guidance { get; init; }

    /// <summary>What guidance leads away from.</summary>
    public string? NegativePrompt { get; init; }

    /// <summary>Whether random numbers are those of PyTorch's CPU generator, in the reference's order.</summary>
    public bool UsesTorchRandom { get; init; }

    /// <summary>A file whose noise is used instead of random numbers.</summary>
    public string? NoiseFile { get; init; }

    /// <summary>Where latents are saved; of several videos each gets a file of its own, with the video's name added.</summary>
    public string? LatentFile { get; init; }

    /// <summary>Where the report goes, as JSON; null for nowhere.</summary>
    public string? ReportPath { get; init; }
}
