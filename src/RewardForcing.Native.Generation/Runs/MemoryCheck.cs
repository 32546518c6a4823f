using System.Globalization;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Refuses a run that a device has no room for, and says which runs it has room for.</summary>
internal static class MemoryCheck
{
    private const int SideStep = 16;

    /// <summary>Refuses what cannot fit.</summary>
    /// <param name="options">The run.</param>
    /// <param name="run">The configuration.</param>
    /// <param name="plan">Its plan.</param>
    /// <param name="planOf">Plans another run.</param>
    /// <param name="hasPreview">Whether the file of the preview decoder is there.</param>
    /// <exception cref="DeviceMemoryException">There is no room; one sentence says how much is needed and free, and what would fit.</exception>
    public static void Require(GenerateOptions options, RunConfig run, MemoryPlan plan, Func<GenerateOptions, MemoryPlan> planOf, bool hasPreview)
    {
        if (plan.Fits)
        {
            return;
        }

        List<(string Text, GenerateOptions Options)> ways = Ways(options, hasPreview);
        string[] fitting = [.. ways.Where(way => planOf(way.Options).Fits).Select(static way => way.Text)];
        if (fitting.Length == 0)
        {
            // Everything together, and pictures as large as there is room for.
            (string text, GenerateOptions least) = ways.Count > 0 ? ways[^1] : ("", options);
            fitting = Smaller(least, run, planOf) is { } size ? [text.Length > 0 ? $"{text} {size}" : size] : [];
        }
        else if (Smaller(options, run, planOf) is { } size)
        {
            fitting = [.. fitting, size];
        }

        string way = fitting.Length > 0 ? $"it would fit with {string.Join(", or with ", fitting)}" : "no smaller size fits either; free memory of the device, or take another device";
        throw DeviceMemoryException.Refusal($"{options.Device}: this run does not fit: {plan.Summary}; {way}.", plan.NeededBytes);
    }

    // Each by itself, then together, what costs the least first.
    private static List<(string Text, GenerateOptions Options)> Ways(GenerateOptions options, bool hasPreview)
    {
        List<(string Text, Func<GenerateOptions, GenerateOptions> Change)> single = [];
        if (options.Type == DType.F32)
        {
            single.Add(("--dtype bf16", static run => run with { Type = DType.BF16 }));
        }

        if (!options.SavesMemory)
        {
            single.Add(("--low_memory", static run => run with { SavesMemory = true }));
        }

        if (hasPreview && !options.UsesPreviewDecoder)
        {
            single.Add(("--decoder taehv", static run => run with { UsesPreviewDecoder = true }));
        }

        List<(string, GenerateOptions)> ways = [.. single.Select(way => (way.Text, way.Change(options)))];
        for (int count = 2; count <= single.Count; count++)
        {
            ways.Add((string.Join(' ', single.Take(count).Select(static way => way.Text)), single.Take(count).Aggregate(options, static (run, way) => way.Change(run))));
        }

        return ways;
    }

    // The largest picture of nearly the same shape.
    private static string? Smaller(GenerateOptions options, RunConfig run, Func<GenerateOptions, MemoryPlan> planOf)
    {
        (int height, int width) = (options.Height ?? run.Height, options.Width ?? run.Width);
        for (int rows = height - SideStep; rows >= SideStep; rows -= SideStep)
        {
            int columns = Math.Max(SideStep, (int)((long)width * rows / height / SideStep) * SideStep);
            if (planOf(options with { Height = rows, Width = columns }).Fits)
            {
                return string.Create(CultureInfo.InvariantCulture, $"--height {rows} --width {columns}");
            }
        }

        return null;
    }
}
