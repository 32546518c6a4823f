using System.Globalization;
using RewardForcing.Native.Generation;
using Spectre.Console;

namespace RewardForcing.Native.Cli;

/// <summary>Shows what a run does: a line that moves where there is a terminal, and the videos made, one a line, everywhere.</summary>
internal sealed class GenerateDisplay : IProgress<RunEvent>
{
    private readonly Lock _gate = new();
    private readonly TextWriter _output;
    private readonly TextWriter _error;
    private readonly IAnsiConsole? _console;
    private readonly ProgressTask? _bar;
    private readonly bool _isVerbose;
    private RunEvent.Progress? _last;

    private GenerateDisplay(TextWriter output, TextWriter error, bool isVerbose, IAnsiConsole? console, ProgressTask? bar) =>
        (_output, _error, _isVerbose, _console, _bar) = (output, error, isVerbose, console, bar);

    /// <summary>Runs with a display.</summary>
    /// <param name="output">Where the videos made are listed.</param>
    /// <param name="error">Where it says what the user should know.</param>
    /// <param name="isVerbose">Whether the plan of memory is shown.</param>
    /// <param name="run">The run; told where to report to.</param>
    public static Task Run(TextWriter output, TextWriter error, bool isVerbose, Func<IProgress<RunEvent>, Task> run) => ProgressLine.Run(output, async bar =>
    {
        await run(new GenerateDisplay(output, error, isVerbose, bar is null ? null : AnsiConsole.Console, bar));
        return true;
    });

    /// <inheritdoc/>
    public void Report(RunEvent value)
    {
        lock (_gate)
        {
            switch (value)
            {
                case RunEvent.Notice notice:
                    Write(_error, notice.Sentence);
                    break;
                case RunEvent.Memory memory when _isVerbose:
                    foreach (string line in memory.Plan.Lines())
                    {
                        Write(_error, line);
                    }

                    break;
                case RunEvent.Skipped skipped:
                    Write(_error, $"{skipped.Path} exists and is not made again; --overwrite does.");
                    break;
                case RunEvent.Written written:
                    List(written.Video);
                    break;
                case RunEvent.Stage stage:
                    Move(stage.Text, 0);
                    break;
                case RunEvent.Progress progress:
                    RunEvent.Progress joined = Join(progress);
                    Move(Describe(joined), Share(joined.State));
                    break;
            }
        }
    }

    /// <summary>One line about how far a video is.</summary>
    internal static string Describe(RunEvent.Progress progress)
    {
        GenerationProgress state = progress.State;
        double seconds = state.Elapsed.TotalSeconds, share = Share(state);
        string speed = state.Frames > 0 && seconds > 0 ? string.Create(CultureInfo.InvariantCulture, $", {state.Frames / seconds:F1} frames/s") : "";
        string left = share > 0 ? $", {TimeSpan.FromSeconds(Math.Ceiling(seconds * (1 - share) / share)):h\\:mm\\:ss} left" : "";
        string count = progress.Count > 1 ? $"{progress.Number}/{progress.Count} " : "";
        return $"{count}{progress.Name}: block {Math.Max(0, state.Block) + 1}/{state.Blocks}, step {state.Step}/{state.Steps}{speed}{left}";
    }

    // Half of it denoising, half decoding, which runs beside it.
    private static double Share(GenerationProgress state)
    {
        double denoised = state.Block < 0 ? 0 : (state.Block + ((double)state.Step / Math.Max(1, state.Steps))) / Math.Max(1, state.Blocks);
        return Math.Clamp(state.TotalFrames == 0 ? denoised : (denoised + ((double)state.Frames / state.TotalFrames)) / 2, 0, 1);
    }

    // The decoder tells of frames, of a block that the transformer left behind.
    private RunEvent.Progress Join(RunEvent.Progress next)
    {
        if (next.State.Stage == GenerationStage.Decoded && _last is { } last && last.Number == next.Number)
        {
            next = next with { State = next.State with { Block = last.State.Block, Step = last.State.Step } };
        }

        return _last = next;
    }

    private void List(VideoReport video)
    {
        GenerationReport timing = video.Timing;
        int frames = timing.Frames / Math.Max(1, timing.Samples);
        string made = string.Create(
            CultureInfo.InvariantCulture, $"{frames} frames of {video.Width} x {video.Height} in {timing.GenerationSeconds:F1} s, {timing.EndToEndFramesPerSecond:F1} frames/s");
        foreach (string file in video.Files)
        {
            Write(_output, $"{file}  {made}");
        }

        foreach (string file in video.Extras)
        {
            Write(_output, file);
        }
    }

    private void Write(TextWriter writer, string line)
    {
        if (_console is null)
        {
            writer.WriteLine(line);
        }
        else
        {
            _console.WriteLine(line);
        }
    }

    private void Move(string text, double share)
    {
        if (_bar is not null)
        {
            _bar.Description = Markup.Escape(text);
            _bar.Value = 100 * share;
        }
    }
}
