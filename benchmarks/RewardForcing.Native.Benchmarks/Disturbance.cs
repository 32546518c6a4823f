using System.Diagnostics;
using System.Globalization;

namespace RewardForcing.Native.Benchmarks;

/// <summary>How much of the processors other processes took since this was started, in cores.</summary>
/// <remarks>From <c>/proc/stat</c>, whose clock ticks in hundredths of a second; where there is none, nothing is known.</remarks>
internal readonly struct Disturbance
{
    private const string Statistics = "/proc/stat";
    private const double TicksPerSecond = 100;

    private readonly double _busy;
    private readonly double _own;
    private readonly long _start;

    private Disturbance(double busy, double own, long start) => (_busy, _own, _start) = (busy, own, start);

    /// <summary>Starts counting.</summary>
    public static Disturbance Start() => new(Busy(), Own(), Stopwatch.GetTimestamp());

    /// <summary>Cores others kept busy on average; NaN where the system does not say.</summary>
    public double Cores()
    {
        double seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds;
        return Math.Max(0, (Busy() - _busy - (Own() - _own)) / seconds);
    }

    private static double Own()
    {
        using Process process = Process.GetCurrentProcess();
        return process.TotalProcessorTime.TotalSeconds;
    }

    // user, nice, system, idle, iowait, irq, softirq, steal: all but the two kinds of waiting.
    private static double Busy()
    {
        if (!File.Exists(Statistics))
        {
            return double.NaN;
        }

        using StreamReader reader = new(Statistics);
        string[] fields = (reader.ReadLine() ?? string.Empty).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        double ticks = 0;
        for (int i = 1; i < Math.Min(fields.Length, 9); i++)
        {
            ticks += i is 4 or 5 ? 0 : double.Parse(fields[i], CultureInfo.InvariantCulture);
        }

        return ticks / TicksPerSecond;
    }
}
