using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>What <see cref="OdePairs"/> is to make.</summary>
public sealed record OdePairOptions
{
    /// <summary>Configuration of the student the pairs are for; null takes the published run.</summary>
    public string? ConfigPath { get; init; }

    /// <summary>Folder of the teacher, a bidirectional Wan model; null takes <c>Wan2.1-T2V-1.3B</c> below the configuration's <c>checkpoint_path</c>.</summary>
    public string? ModelFolder { get; init; }

    /// <summary>Weights that replace those of the folder's transformer; null for none.</summary>
    public string? CheckpointPath { get; init; }

    /// <summary>File of prompts, one a line: one row each, in their order.</summary>
    public required string DataPath { get; init; }

    /// <summary>Where the rows go.</summary>
    public required string OutputFolder { get; init; }

    /// <summary>Whether rows go into one LMDB environment in place of safetensors shards.</summary>
    public bool WritesLmdb { get; init; }

    /// <summary>How shards store rows, F16 or F32; LMDB is F16.</summary>
    public ElementType Store { get; init; } = ElementType.F16;

    /// <summary>Solver steps of a trajectory.</summary>
    public int Steps { get; init; } = 48;

    /// <summary>Guidance, 1 for none: <c>v = u + guidance (c - u)</c>.</summary>
    public float Guidance { get; init; } = 6;

    /// <summary>How far steps are moved towards noise; null takes the student's, <c>model_kwargs.timestep_shift</c>.</summary>
    public float? Shift { get; init; }

    /// <summary>What guidance leads away from; null takes the configuration's.</summary>
    public string? NegativePrompt { get; init; }

    /// <summary>Latent frames; null takes the configuration's <c>image_or_video_shape</c>.</summary>
    public int? LatentFrames { get; init; }

    /// <summary>Rows of pixels, a multiple of 16; null takes the configuration's <c>image_or_video_shape</c>.</summary>
    public int? Height { get; init; }

    /// <summary>Columns of pixels, a multiple of 16; null takes the configuration's <c>image_or_video_shape</c>.</summary>
    public int? Width { get; init; }

    /// <summary>Seed of the noise.</summary>
    public ulong Seed { get; init; }

    /// <summary>Where to compute.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Type of the activations, F32 or BF16.</summary>
    public DType Type { get; init; } = DType.F32;

    /// <summary>Trajectories made at once; 0 for as many as pay.</summary>
    public int Batch { get; init; }
}
