using System.Diagnostics;
using System.Security.Cryptography;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>A run of <c>train</c>: networks and data are opened, then steps made, logged, shown and saved until the run is over or stopped.</summary>
/// <remarks>A run that is killed at any moment and resumed goes on bit for bit: nothing but what a checkpoint holds decides what a step does.</remarks>
public sealed class TrainingRun
{
    private const double PatientSeconds = 20;

    // What may change between a checkpoint and the run that goes on from it.
    private static readonly HashSet<string> _free = new(StringComparer.Ordinal)
    {
        "full_training_steps", "log_iters", "keep_checkpoints", "sample_iters", "sample_prompts", "sample_steps", "gc_interval", "checkpoint_path", "seed",
        "wandb_host", "wandb_key", "wandb_entity", "wandb_project", "logdir", "wandb_save_dir", "disable_wandb", "no_save", "no_visualize", "config_name",
    };

    private readonly TrainingOptions _options;
    private readonly IProgress<TrainingEvent>? _tell;
    private readonly Func<string, Device> _open;
    private string? _lastSaved;

    /// <summary>Prepares a run.</summary>
    /// <param name="options">The command line.</param>
    /// <param name="tell">Told what happens; may be null.</param>
    /// <param name="open">Opens the device of a name, which the run disposes; null for <see cref="Devices.Open"/>.</param>
    public TrainingRun(TrainingOptions options, IProgress<TrainingEvent>? tell = null, Func<string, Device>? open = null) =>
        (_options, _tell, _open) = (options, tell, open ?? (static name => Devices.Open(name)));

    /// <summary>Trains.</summary>
    /// <param name="cancellation">Stops the run: after the step that is being made where steps are short, within a layer's time where they are long.</param>
    /// <exception cref="Exception">Anything that ends the run; the message is one sentence and names the checkpoint to go on from.</exception>
    public void Run(CancellationToken cancellation = default)
    {
        TrainingSettings settings = TrainingSettings.Read(_options.ConfigPath);
        settings = settings with { ModelRoot = _options.ModelRoot ?? settings.ModelRoot };
        foreach (string notice in settings.Notices)
        {
            _tell?.Report(new TrainingEvent.Notice(notice));
        }

        WritableFolder.Require(_options.LogDir);
        TrainingCheckpoint? start = Start();
        settings = settings with { Seed = start?.Seed ?? (settings.Seed != 0 ? settings.Seed : (ulong)RandomNumberGenerator.GetInt32(1, int.MaxValue)) };
        if (start is not null)
        {
            Compare(start, settings);
        }

        _tell?.Report(new TrainingEvent.Stage("loading networks"));
        using Device device = _open(_options.Device);
        if (device.FreeBytes is { } free && settings.Trainer != TrainerKind.Vae)
        {
            TrainingPlan.Of(TrainingPlanRequest.Of(settings)).Require(device.Name, free);
        }

        using Trainer trainer = Trainers.Open(device, settings, cancellation);
        if (start is not null)
        {
            start.Restore(trainer);
            _lastSaved = start.Path;
        }

        using TrainingLogs logs = new(_options, settings, trainer.Steps);
        using SampleVideos? samples = _options.ShowsNothing || settings.SampleInterval == 0 ? null : SampleVideos.Open(device, settings, _options, trainer);
        try
        {
            Loop(trainer, settings, logs, samples, cancellation);
        }
        catch (NotFiniteNumberException error)
        {
            throw new InvalidOperationException($"{error.Message} {(_lastSaved is null ? "There is no checkpoint yet." : $"The last checkpoint is {_lastSaved}.")}", error);
        }
    }

    private void Loop(Trainer trainer, TrainingSettings settings, TrainingLogs logs, SampleVideos? samples, CancellationToken cancellation)
    {
        LossGuard guard = new();
        double last = double.MaxValue;
        while ((settings.FullSteps == 0 || trainer.Steps < settings.FullSteps) && !cancellation.IsCancellationRequested)
        {
            long started = Stopwatch.GetTimestamp();
            StepReport report = trainer.Step(last < PatientSeconds ? CancellationToken.None : cancellation);
            last = Stopwatch.GetElapsedTime(started).TotalSeconds;
            logs.Write(trainer.Steps, report, last);
            _tell?.Report(new TrainingEvent.Stepped(trainer.Steps, settings.FullSteps, report, last));
            guard.Check(trainer.Steps, report);
            bool isLast = trainer.Steps == settings.FullSteps;
            if (samples is not null && (isLast || trainer.Steps % settings.SampleInterval == 0))
            {
                foreach ((string sheet, Picture picture) in samples.Make(trainer.Steps, cancellation))
                {
                    logs.Write(trainer.Steps, Path.GetFileNameWithoutExtension(sheet), picture);
                    _tell?.Report(new TrainingEvent.Sampled(sheet));
                }
            }

            if (isLast || trainer.Steps % settings.SaveInterval == 0)
            {
                Save(trainer, settings);
            }
        }

        if (cancellation.IsCancellationRequested)
        {
            Save(trainer, settings);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private void Save(Trainer trainer, TrainingSettings settings)
    {
        if (_options.SavesNothing || trainer.Steps == 0)
        {
            return;
        }

        _lastSaved = TrainingCheckpoint.Write(_options.LogDir, trainer, settings, _options.ExportsPt);
        TrainingCheckpoint.Prune(_options.LogDir, settings.KeepCheckpoints);
        _tell?.Report(new TrainingEvent.Saved(_lastSaved));
    }

    private TrainingCheckpoint? Start()
    {
        IReadOnlyList<string> found = TrainingCheckpoint.Find(_options.LogDir);
        return _options.Resume switch
        {
            null when found.Count > 0 && !_options.SavesNothing =>
                throw new IOException($"{_options.LogDir}: holds checkpoints of an earlier run; add --resume to go on from {Path.GetFileName(found[^1])}, or take another --logdir."),
            null => null,
            "" when found.Count == 0 => throw new FileNotFoundException($"{_options.LogDir}: there is no checkpoint to go on from; leave --resume out to begin."),
            "" => TrainingCheckpoint.Open(found[^1]),
            { } folder => TrainingCheckpoint.Open(folder),
        };
    }

    private void Compare(TrainingCheckpoint start, TrainingSettings settings)
    {
        IReadOnlyDictionary<string, string> before = start.Values;
        string[] changed =
        [
            .. before.Keys.Union(settings.Values.Keys).Where(static key => !_free.Contains(key))
                .Where(key => before.GetValueOrDefault(key) != settings.Values.GetValueOrDefault(key))
                .Select(key => $"{key} ({before.GetValueOrDefault(key) ?? "not given"}, now {settings.Values.GetValueOrDefault(key) ?? "not given"})"),
        ];
        if (changed.Length > 0)
        {
            throw new ModelFormatException(start.Path, $"was made with another configuration: {Printable.Text(string.Join(", ", changed), 400)}; go on with the configuration it was made with, or begin a run in another --logdir with generator_ckpt: {start.Path}/generator.safetensors");
        }
    }
}
