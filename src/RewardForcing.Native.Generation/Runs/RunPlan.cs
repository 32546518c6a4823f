using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Generation;

/// <summary>Which videos a run makes and what they are called, known before anything is loaded.</summary>
internal sealed class RunPlan
{

    private RunPlan(IReadOnlyList<VideoTask> tasks) => Tasks = tasks;

    /// <summary>All videos in their order, those that exist among them.</summary>
    public IReadOnlyList<VideoTask> Tasks { get; }

    /// <summary>Plans a run.</summary>
    /// <param name="options">What is asked for.</param>
    /// <param name="lines">The prompts.</param>
    /// <param name="extension">What the files' names end with.</param>
    /// <param name="skipped">Takes the videos that exist and are left as they are.</param>
    public static RunPlan Make(GenerateOptions options, IReadOnlyList<PromptLine> lines, string extension, ICollection<string> skipped)
    {
        HashSet<string> taken = new(StringComparer.Ordinal);
        List<VideoTask> tasks = [];
        int together = Together(options);
        foreach (PromptLine line in lines)
        {
            for (int first = 0; first < options.Samples; first += together)
            {
                string[] names = [.. Enumerable.Range(first, together).Select(sample => VideoNames.Of(options.Naming, line.Index, line.Name, sample, options.Samples))];
                string[] paths = [.. names.Select(name => Path.Combine(options.OutputFolder, name + extension))];
                tasks.Add(new VideoTask(line, first, names, paths, [.. paths.Select(path => taken.Add(path) && IsWanted(path, options.Overwrites, skipped))]));
            }
        }

        return new RunPlan(tasks);
    }

    /// <summary>
    /// Samples of a prompt that are made together: a generator that runs on through all videos, and noise for all samples at once, bind them.
    /// </summary>
    public static int Together(GenerateOptions options) => options.UsesTorchRandom || options.NoiseFile is not null ? options.Samples : 1;

    private static bool IsWanted(string path, bool overwrites, ICollection<string> skipped)
    {
        bool exists = File.Exists(path) || Directory.Exists(path);
        if (exists && !overwrites)
        {
            skipped.Add(path);
        }

        return !exists || overwrites;
    }
}
