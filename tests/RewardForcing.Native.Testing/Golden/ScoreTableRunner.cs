using System.Globalization;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Tables of the schedules that student and scores use in training: levels, weights, look-ups, warped lists, and timesteps of scores.</summary>
public sealed class ScoreTableRunner : GoldenRunner
{
    // One unit in the last place of a float.
    private const double Ulp = 1.2e-7;

    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => file.Has("in.lookup_t") && file.Has("out.sigmas_shift5") && file.Has("out.sigma8_over_sigma5");

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        foreach (string name in file.Names.Where(static name => name.StartsWith("out.sigmas_shift", StringComparison.Ordinal)))
        {
            string shift = name["out.sigmas_shift".Length..];
            FlowMatchSchedule schedule = new(Number(shift));
            yield return file.Compare(name, schedule.Sigmas, Ulp);
            yield return file.Compare($"out.timesteps_shift{shift}", schedule.Timesteps, Ulp);
            yield return file.Compare($"out.training_weight_shift{shift}", schedule.TrainingWeights, 2e-6);
        }

        const string Warped = "out.t_warped_clamped_shift";
        foreach (string name in file.Names.Where(static name => name.StartsWith(Warped, StringComparison.Ordinal)))
        {
            ScoreTimesteps times = new(Number(name[Warped.Length..]));
            yield return file.Compare(name, [.. Enumerable.Range(0, file.ShapeOf(name)[0]).Select(times.Of)], 2e-7);
        }

        float[] looked = file.Floats("in.lookup_t");
        (FlowMatchSchedule student, FlowMatchSchedule scores) = (new(5), new(8));
        foreach ((FlowMatchSchedule schedule, string shift) in new[] { (student, "5"), (scores, "8") })
        {
            yield return file.CompareExactly($"out.lookup_index_shift{shift}", Array.ConvertAll(looked, time => (long)schedule.IndexOf(time)));
            yield return file.Compare($"out.lookup_sigma_shift{shift}", Array.ConvertAll(looked, schedule.SigmaOf), Ulp);
            int list = 0;
            foreach (int[] steps in file.Config.GetProperty("lists").EnumerateArray().Select(static list => list.EnumerateArray().Select(static step => step.GetInt32()).ToArray()))
            {
                yield return file.Compare($"out.warped_{list++}_shift{shift}", schedule.Warp(steps), Ulp);
            }
        }

        yield return file.Compare("out.sigma8_over_sigma5", Array.ConvertAll(looked, time => scores.SigmaOf(time) / student.SigmaOf(time)), 2 * Ulp);
    }

    private static float Number(string text) => float.Parse(text, CultureInfo.InvariantCulture);
}
