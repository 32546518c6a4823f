using System.Globalization;
using RewardForcing.Native.Generation;

namespace RewardForcing.Native.Training;

/// <summary>Which points of a teacher's trajectory a student learns from: those at the timesteps of its own denoising steps, and the clean end.</summary>
/// <remarks>Spec: training 5.4.</remarks>
public sealed class OdeSteps
{
    private const int MostSteps = 1000;

    // Of a thousand. Tables of other lengths have other last bits.
    private const float Tolerance = 1e-3f;

    private OdeSteps(float shift, int steps, float[] timesteps, int[] kept) => (Shift, Steps, Timesteps, Kept) = (shift, steps, timesteps, kept);

    /// <summary>How far steps are moved towards noise.</summary>
    public float Shift { get; }

    /// <summary>Solver steps of a trajectory.</summary>
    public int Steps { get; }

    /// <summary>Timesteps of the points that are kept, that of the clean end, 0, among them.</summary>
    public IReadOnlyList<float> Timesteps { get; }

    /// <summary>Solver steps before which points are kept; the end comes besides.</summary>
    public IReadOnlyList<int> Kept { get; }

    /// <summary>Points of a trajectory, K.</summary>
    public int Points => Kept.Count + 1;

    /// <summary>Finds the steps of a student's timesteps.</summary>
    /// <param name="wanted">The student's timesteps, most noise first, as its roll-out uses them; a 0 at the end is the clean end.</param>
    /// <param name="steps">Solver steps, from 1 to 1000.</param>
    /// <param name="shift">How far they are moved towards noise.</param>
    /// <exception cref="ArgumentException">A timestep is none of the solver's, or they do not fall; the message says how many steps would do.</exception>
    public static OdeSteps Find(IReadOnlyList<float> wanted, int steps, float shift)
    {
        if (steps is < 1 or > MostSteps)
        {
            throw new ArgumentException($"ode pairs: --num_steps must be from 1 to {MostSteps}, got {steps}.", nameof(steps));
        }

        float[] points = [.. wanted.Count > 0 && wanted[^1] == 0 ? wanted.SkipLast(1) : wanted];
        if (points.Length == 0 || points.Zip(points.Skip(1)).Any(static pair => pair.First <= pair.Second))
        {
            throw new ArgumentException($"ode pairs: the student's denoising steps must fall from noise, got timesteps {Shown(points)}.", nameof(wanted));
        }

        FlowMatchSchedule schedule = new(shift, steps);
        int[] kept = Match(points, schedule);
        int missing = Array.FindIndex(kept, static step => step < 0);
        return missing < 0 ? new OdeSteps(shift, steps, [.. points, 0], kept) : throw new ArgumentException(Refusal(points, missing, schedule), nameof(steps));
    }

    private static int[] Match(float[] points, FlowMatchSchedule schedule) => Array.ConvertAll(points, point =>
    {
        int step = schedule.IndexOf(point);
        return MathF.Abs(schedule.Timesteps[step] - point) <= Tolerance ? step : -1;
    });

    private static string Refusal(float[] points, int missing, FlowMatchSchedule schedule)
    {
        int steps = schedule.Timesteps.Length, nearest = schedule.IndexOf(points[missing]);
        int[] others = [.. Enumerable.Range(1, MostSteps).Where(count => Match(points, new FlowMatchSchedule(schedule.Shift, count)).All(static step => step >= 0))];
        int after = others.FirstOrDefault(count => count > steps), before = others.LastOrDefault(count => count < steps);
        string way = (before, after) switch
        {
            (0, 0) => "no number of steps up to 1000 has them all; give a --shift under which the student's list was warped",
            (_, 0) => $"{before} steps have them all",
            (0, _) => $"{after} steps have them all",
            _ => $"{before} or {after} steps have them all",
        };
        return string.Create(
            CultureInfo.InvariantCulture,
            $"ode pairs: the student's timestep {points[missing]:0.###} is none of the {steps} of shift {schedule.Shift:0.###}, of which {schedule.Timesteps[nearest]:0.###} is nearest; {way}.");
    }

    private static string Shown(IEnumerable<float> values) => $"[{string.Join(", ", values.Select(static value => value.ToString("0.###", CultureInfo.InvariantCulture)))}]";
}
