using RewardForcing.Native.Generation;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Tables of the flow-matching schedule for several shifts, with warped step lists.</summary>
public sealed class ScheduleTableRunner : GoldenRunner
{
    private const string Suffix = ".sigmas";
    private const string Prefix = "out.shift";

    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => Shifts(file).Any();

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        (double tables, double weights) = (file.Tolerance("sigmas_timesteps", 5e-7), file.Tolerance("weights", 1e-5));
        foreach (string shift in Shifts(file))
        {
            FlowMatchSchedule schedule = new(float.Parse(shift, System.Globalization.CultureInfo.InvariantCulture), file.ShapeOf($"{Prefix}{shift}{Suffix}")[0]);
            yield return file.Compare($"{Prefix}{shift}{Suffix}", schedule.Sigmas, tables);
            yield return file.Compare($"{Prefix}{shift}.timesteps", schedule.Timesteps, tables);
            yield return file.Compare($"{Prefix}{shift}.training_weights", schedule.TrainingWeights, weights);
            foreach (string name in file.Names.Where(name => name.StartsWith($"{Prefix}{shift}.warped_", StringComparison.Ordinal)))
            {
                string list = $"list_{name[(name.LastIndexOf('_') + 1)..]}";
                int[] steps = [.. file.Config.GetProperty(list).EnumerateArray().Select(static step => step.GetInt32())];
                yield return file.Compare(name, schedule.Warp(steps), tables);
            }
        }

        const string Library = "out.default_library_";
        foreach (string name in file.Names.Where(static name => name.StartsWith(Library, StringComparison.Ordinal)))
        {
            FlowMatchSchedule schedule = new(3, file.ShapeOf(name)[0], 0.003f / 1.002f, extraOneStep: false);
            yield return file.Compare(name, schedule.Sigmas, tables);
        }
    }

    private static IEnumerable<string> Shifts(GoldenFile file) => file.Names
        .Where(static name => name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(Suffix, StringComparison.Ordinal))
        .Select(static name => name[Prefix.Length..^Suffix.Length]);
}
