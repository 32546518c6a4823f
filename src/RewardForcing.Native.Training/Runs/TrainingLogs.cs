using System.Diagnostics;
using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Training;

/// <summary>The logs of a run: JSON lines, and event files for TensorBoard.</summary>
internal sealed class TrainingLogs : IDisposable
{
    private readonly JsonLinesLog _lines;
    private readonly TensorBoardLog? _events;

    /// <summary>Opens the logs; what an interrupted run wrote beyond its checkpoint is dropped.</summary>
    /// <param name="options">Where.</param>
    /// <param name="settings">The run.</param>
    /// <param name="step">Steps made.</param>
    public TrainingLogs(TrainingOptions options, TrainingSettings settings, long step)
    {
        _lines = new JsonLinesLog(Path.Combine(options.LogDir, "log.jsonl"), step);
        try
        {
            if (!options.WritesNoEvents)
            {
                _events = new TensorBoardLog(options.EventDir ?? options.LogDir, step);
                _events.Write(step, "config", string.Join('\n', settings.Values.Select(static pair => $"    {pair.Key}: {pair.Value}")));
            }
        }
        catch
        {
            _lines.Dispose();
            throw;
        }
    }

    /// <summary>Writes the numbers of a step.</summary>
    /// <param name="step">Steps made.</param>
    /// <param name="report">The numbers.</param>
    /// <param name="seconds">What the step took.</param>
    public void Write(long step, StepReport report, double seconds)
    {
        Dictionary<string, double> values = new(report.Values) { ["per iteration time"] = seconds };
        foreach ((string phase, double time) in report.Seconds)
        {
            values["seconds/" + phase] = time;
        }

        using Process process = Process.GetCurrentProcess();
        values["memory_gb"] = process.WorkingSet64 / 1e9;
        _lines.Write(step, values);
        _events?.Write(step, values);
    }

    /// <summary>Writes a contact sheet.</summary>
    /// <param name="step">Steps made.</param>
    /// <param name="tag">What it shows.</param>
    /// <param name="picture">The sheet.</param>
    public void Write(long step, string tag, Picture picture) => _events?.Write(step, tag, picture);

    /// <summary>Closes the logs.</summary>
    public void Dispose()
    {
        _lines.Dispose();
        _events?.Dispose();
    }
}
