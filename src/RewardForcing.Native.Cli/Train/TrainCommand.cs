using System.CommandLine;
using RewardForcing.Native.Training;
using static RewardForcing.Native.Cli.OptionKinds;

namespace RewardForcing.Native.Cli;

/// <summary><c>train</c>: trains a VAE, a teacher, a causal student, or distils.</summary>
public static class TrainCommand
{
    /// <summary>Declares the command. Options of the reference have its names.</summary>
    /// <param name="output">Where checkpoints and samples are listed.</param>
    /// <param name="error">Where it says what the user should know.</param>
    public static Command Create(TextWriter output, TextWriter error)
    {
        Option<string?> config = Text("--config_path", "The run's YAML file; the published Reward Forcing run if not given.", "FILE");
        Option<string> logdir = Named(new Option<string>("--logdir") { Description = "Where logs, checkpoints and sample videos go.", HelpName = "DIR", DefaultValueFactory = static _ => "logs" });
        Option<string?> events = Text("--wandb-save-dir", "Where TensorBoard's event files go; --logdir if not given. The name is the reference's: nothing is sent anywhere.", "DIR");
        Option<bool> noEvents = new("--disable-wandb") { Description = "Write no event files; log.jsonl is written always." };
        Option<bool> noSave = new("--no_save") { Description = "Write no checkpoints." };
        Option<bool> noVisualize = new("--no_visualize") { Description = "Make no sample videos." };
        Option<bool> exportPt = new("--export_pt") { Description = "Write model.pt in the reference's layout into every checkpoint." };
        Option<string> device = new("--device") { Description = "Where to train: cpu, cuda (the first GPU) or cuda:N.", HelpName = "NAME", DefaultValueFactory = static _ => "cpu" };
        Option<string?> resume = new("--resume") { Description = "Go on from the latest checkpoint in --logdir, or from the one named.", HelpName = "DIR", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> models = Text("--model_dir", "Folder above the models' folders, in place of the configuration's checkpoint_path.", "DIR");
        Option<string?> ffmpeg = Text("--ffmpeg", "The program ffmpeg, for sample videos; found on PATH if not given.", "PATH");
        Option<bool> plan = new("--plan") { Description = "Say what the run takes of a GPU's memory, by owner, and train nothing." };
        Option<double?> memory = new("--device_memory") { Description = "With --plan: the GPU's memory in GB (10^9 bytes); a run that does not fit is refused.", HelpName = "GB" };
        Require(memory, static value => value is > 0 and < 1e6, "a number of gigabytes above 0");
        Command command = new("train", "Train a VAE, a teacher or a student, or distil.") { config, logdir, resume, device, models, noSave, noVisualize, exportPt, events, noEvents, ffmpeg, plan, memory };
        command.SetAction((parsed, cancellation) =>
        {
            if (parsed.GetValue(plan))
            {
                Plan(output, parsed.GetValue(config), parsed.GetValue(models), parsed.GetValue(memory));
                return Task.FromResult(ExitCode.Success);
            }

            TrainingOptions options = new()
            {
                ConfigPath = parsed.GetValue(config),
                LogDir = parsed.GetValue(logdir)!,
                EventDir = parsed.GetValue(events),
                WritesNoEvents = parsed.GetValue(noEvents),
                SavesNothing = parsed.GetValue(noSave),
                ShowsNothing = parsed.GetValue(noVisualize),
                ExportsPt = parsed.GetValue(exportPt),
                Device = parsed.GetValue(device)!,
                Resume = parsed.GetResult(resume) is { Implicit: false } ? parsed.GetValue(resume) ?? "" : null,
                ModelRoot = parsed.GetValue(models),
                Ffmpeg = parsed.GetValue(ffmpeg),
            };
            return Task.Run(
                async () =>
                {
                    await TrainDisplay.Run(output, error, tell => new TrainingRun(options, tell).Run(cancellation));
                    return ExitCode.Success;
                },
                CancellationToken.None);
        });
        return command;
    }

    private static void Plan(TextWriter output, string? config, string? models, double? gigabytes)
    {
        TrainingSettings settings = TrainingSettings.Read(config);
        settings = settings with { ModelRoot = models ?? settings.ModelRoot };
        TrainingPlan plan = TrainingPlan.Of(TrainingPlanRequest.Of(settings));
        long? bytes = gigabytes is { } number ? (long)(number * 1e9) : null;
        foreach (string line in plan.Lines(bytes))
        {
            output.WriteLine(line);
        }

        if (bytes is { } most)
        {
            plan.Require($"a GPU of {TrainingPlan.Gigabytes(most)}", most);
        }
    }
}
