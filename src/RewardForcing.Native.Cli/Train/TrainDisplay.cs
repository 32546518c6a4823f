using System.Diagnostics;
using System.Globalization;
using RewardForcing.Native.Training;
using Spectre.Console;

namespace RewardForcing.Native.Cli;

/// <summary>Shows a training: a line that moves where there is a terminal, else a line now and then; checkpoints and samples a line each everywhere.</summary>
internal sealed class TrainDisplay : IProgress<TrainingEvent>
{
    // Without a terminal: the first steps, and then as many as a reader can follow.
    private const int FirstSteps = 5;
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly TextWriter _output;
    private readonly TextWriter _error;
    private readonly IAnsiConsole? _console;
    private readonly ProgressTask? _bar;
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _firstStep = -1;
    private TimeSpan _lastLine;

    private TrainDisplay(TextWriter output, TextWriter error, IAnsiConsole? console, ProgressTask? bar) => (_output, _error, _console, _bar) = (output, error, console, bar);

    /// <summary>Runs with a display.</summary>
    /// <param name="output">Where steps, checkpoints and samples are listed.</param>
    /// <param name="error">Where it says what the user should know.</param>
    /// <param name="run">The run; told where to report to.</param>
    public static Task Run(TextWriter output, TextWriter error, Action<IProgress<TrainingEvent>> run) => ProgressLine.Run(output, bar =>
    {
        run(new TrainDisplay(output, error, bar is null ? null : AnsiConsole.Console, bar));
        return Task.FromResult(true);
    });

    /// <inheritdoc/>
    public void Report(TrainingEvent value)
    {
        lock (_gate)
        {
            switch (value)
            {
                case TrainingEvent.Notice notice:
                    Write(_error, notice.Sentence);
                    break;
                case TrainingEvent.Saved saved:
                    Write(_output, saved.Path);
                    break;
                case TrainingEvent.Sampled sampled:
                    Write(_output, sampled.Path);
                    break;
                case TrainingEvent.Stage stage when _bar is not null:
                    _bar.Description = Markup.Escape(stage.Text);
                    break;
                case TrainingEvent.Stepped stepped:
                    Show(stepped);
                    break;
            }
        }
    }

    /// <summary>One line about a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="rate">Seconds a step takes; 0 where that is not known.</param>
    internal static string Describe(TrainingEvent.Stepped step, double rate)
    {
        string of = step.Of > 0 ? string.Create(CultureInfo.InvariantCulture, $"/{step.Of}") : "";
        string left = step.Of > 0 && rate > 0 ? $", {TimeSpan.FromSeconds(Math.Ceiling(rate * (step.Of - step.Step))):d\\.hh\\:mm\\:ss} left" : "";
        IEnumerable<string> values = step.Report.Values.Where(static pair => pair.Key.EndsWith("loss", StringComparison.Ordinal) || pair.Key is "reward" or "weight" or "vae_l1")
            .Select(static pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {pair.Value:G4}"));
        return string.Create(CultureInfo.InvariantCulture, $"step {step.Step}{of}: {string.Join(", ", values)}, {step.Elapsed:F2} s{left.Replace("0.", "", StringComparison.Ordinal)}");
    }

    private void Show(TrainingEvent.Stepped step)
    {
        TimeSpan now = Stopwatch.GetElapsedTime(_started);
        _firstStep = _firstStep < 0 ? step.Step - 1 : _firstStep;
        long made = step.Step - _firstStep;
        string line = Describe(step, now.TotalSeconds / made);
        if (_bar is not null)
        {
            _bar.Description = Markup.Escape(line);
            _bar.Value = step.Of > 0 ? 100.0 * step.Step / step.Of : 0;
        }
        else if (made <= FirstSteps || step.Step == step.Of || now - _lastLine >= _pause)
        {
            _lastLine = now;
            _output.WriteLine(line);
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
}
