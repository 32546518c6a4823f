namespace RewardForcing.Native.Training;

/// <summary>What the command line says about a training.</summary>
public sealed record TrainingOptions
{
    /// <summary>The run's YAML file; null takes the published run. Option <c>--config_path</c>.</summary>
    public string? ConfigPath { get; init; }

    /// <summary>Folder of logs, checkpoints and samples. Option <c>--logdir</c>.</summary>
    public string LogDir { get; init; } = "logs";

    /// <summary>Folder of TensorBoard's event files; null takes <see cref="LogDir"/>. Option <c>--wandb-save-dir</c>, whose name is the reference's.</summary>
    public string? EventDir { get; init; }

    /// <summary>Whether no event files are written. Option <c>--disable-wandb</c>.</summary>
    public bool WritesNoEvents { get; init; }

    /// <summary>Whether no checkpoints are written. Option <c>--no_save</c>.</summary>
    public bool SavesNothing { get; init; }

    /// <summary>Whether no sample videos are made. Option <c>--no_visualize</c>.</summary>
    public bool ShowsNothing { get; init; }

    /// <summary>Whether <c>model.pt</c> in the reference's layout is written into checkpoints. Option <c>--export_pt</c>.</summary>
    public bool ExportsPt { get; init; }

    /// <summary>Name of the device. Option <c>--device</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>The checkpoint to go on from; empty for the latest in <see cref="LogDir"/>, null to begin. Option <c>--resume</c>.</summary>
    public string? Resume { get; init; }

    /// <summary>Folder above the models' folders in place of <c>checkpoint_path</c>; null for that. Option <c>--model_dir</c>.</summary>
    public string? ModelRoot { get; init; }

    /// <summary>The program ffmpeg for sample videos; found on PATH if null. Option <c>--ffmpeg</c>.</summary>
    public string? Ffmpeg { get; init; }
}
