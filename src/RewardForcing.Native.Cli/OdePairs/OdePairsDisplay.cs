using System.Diagnostics;
using System.Globalization;
using RewardForcing.Native.Training;
using Spectre.Console;

namespace RewardForcing.Native.Cli;

/// <summary>Shows how far a run of <c>ode-pairs</c> is: a line that moves where there is a terminal, else a line now and then.</summary>
internal sealed class OdePairsDisplay : IProgress<OdePairEvent>
{
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(10);
    private readonly TextWriter _output;
    private readonly TextWriter _error;
    private readonly ProgressTask? _bar;
    private long? _lastLine;

    private OdePairsDisplay(TextWriter output, TextWriter error, ProgressTask? bar) => (_output, _error, _bar) = (output, error, bar);

    /// <summary>Runs with a display.</summary>
    /// <param name="output">Where it says what was made.</param>
    /// <param name="error">Where it says what the user should know.</param>
    /// <param name="options">What to make.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> Run(TextWriter output, TextWriter error, OdePairOptions options, CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        Task<(int Made, int Rows)> Make(ProgressTask? bar) => Task.Run(() => new OdePairs(options, new OdePairsDisplay(output, error, bar)).Run(cancellation), CancellationToken.None);
        (int made, int rows) = await ProgressLine.Run(output, Make);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{options.OutputFolder}  {rows} rows, {made} made in {Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s"));
        return ExitCode.Success;
    }

    /// <inheritdoc/>
    public void Report(OdePairEvent value)
    {
        switch (value)
        {
            case OdePairEvent.Notice notice:
                _error.WriteLine(notice.Sentence);
                break;
            case OdePairEvent.Stage stage when _bar is not null:
                _bar.Description = Markup.Escape(stage.Text);
                break;
            case OdePairEvent.Progress progress when _bar is not null:
                _bar.Description = Markup.Escape(Describe(progress));
                _bar.Value = 100 * progress.Share;
                break;
            case OdePairEvent.Progress progress when _lastLine is not { } last || Stopwatch.GetElapsedTime(last) >= _pause:
                _lastLine = Stopwatch.GetTimestamp();
                _output.WriteLine(Describe(progress));
                break;
        }
    }

    /// <summary>One line about how far a run is.</summary>
    internal static string Describe(OdePairEvent.Progress progress)
    {
        double seconds = progress.Elapsed.TotalSeconds;
        string left = progress.Share > 0 ? $", {TimeSpan.FromSeconds(Math.Ceiling(seconds * (1 - progress.Share) / progress.Share)):d\\.hh\\:mm\\:ss} left" : "";
        return $"row {progress.Rows}/{progress.Count}, step {progress.Step}/{progress.Steps}{left}";
    }
}
